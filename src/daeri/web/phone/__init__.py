"""The apps for telephones: one shell page for the customer's and one for the driver's, and the page of the design."""
