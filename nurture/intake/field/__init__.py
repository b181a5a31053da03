"""One cell becomes one value: dates, names, phones, addresses. Nothing here knows a file, a row or the database."""
