"""The topic, and the id that a bus takes from it."""

from tests.servers.kafka import KafkaServer


def test_the_broker_runs_and_comes_back(kafka: KafkaServer) -> None:
    kafka.create_topic("there")
    kafka.kill()
    kafka.start()
