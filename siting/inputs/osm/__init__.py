"""Roads and places from OpenStreetMap: three doors, one corridor."""
