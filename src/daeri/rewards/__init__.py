"""What drives are worth beside money: score by hour and kind of call, levels, points."""
