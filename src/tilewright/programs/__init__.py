"""Other programs: started with a time limit, ended with their children."""
