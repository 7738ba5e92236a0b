"""The edge worker: looks a short link up, decides, classifies, records, and answers."""
