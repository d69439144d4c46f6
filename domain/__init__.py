"""What Sillok knows: pure rules over commands, events and facts. No I/O, no clock, no randomness."""
