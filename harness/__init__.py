"""What benches, drills, load tests and tests share: a launcher of `waymark up`, free ports, user agents of scanners."""
