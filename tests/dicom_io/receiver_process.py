"""A receiver in a process of its own, for tests that kill it: the argument is its folder; the first line is its port."""

import sys
from pathlib import Path

from dicom_io.receive import Receiver, ReceiverSettings


def main() -> None:
    settings = ReceiverSettings("NEEDLEPLAN", frozenset({"SCANNER"}), Path(sys.argv[1]), port=0)
    with Receiver(settings, lambda _: None) as receiver:
        sys.stdout.write(f"{receiver.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
