"""The edge worker: looks up a short link, decides where it leads, records the scan and answers."""
