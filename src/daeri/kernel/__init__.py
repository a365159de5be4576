"""Ids, money, geography, time, errors and terms. Pure; imports nothing of ours."""
