"""What is read off the lesions that the network `acne` finds in people who taught nothing: presence, and errors."""
