"""The engine with a stopwatch: networks alone, and images segmented in memory."""
