"""The kinds of events, each with its MESSAGE_ID."""

from enum import StrEnum


class Event(StrEnum):
    """What a record is about; the value is the journal's MESSAGE_ID (sd_journal_print(3), `journalctl --new-id128`).

    Ids are random and for good: people and programs search the journal by them. A new kind gets a new id.
    """

    JOB_RECORD = ""  # a line that a procedure logged: not an event of ours, no id

    STARTED = "6059aa81e21c5bce9958c96815329d26"  # "Start task runner ..."
    DONE = "35ccfc2261dd96bb21cbc756c939f2ce"  # the last record of a daemon
    STOPPING = "665892dc15adfcefe115f94ed3468d87"  # a signal asked linod to stop

    JOB_STARTED = "3f3898b164292d06a34ff5548ac2414d"
    JOB_ENDED = "a781c1f350ddf4a3adbe2d5b62c95725"
    JOB_FAILED = "01ce4927e8aa1ffc7f8ac419a4e9d8fe"
    JOB_LONG = "149f2eeed0d04db78c372c5d7c2cb75d"  # it runs much longer than it used to
    INTERRUPTED = "3a8d6198627741069bd687fc56df52db"  # a job that an earlier daemon left unfinished was settled
    MISSED = "b363f41ffe2b785bccff9b3899d72a4e"  # slots passed while nobody could run them

    TASK_DISABLED = "704b14289733109e6ab0e015b220f5fb"  # by its failure
    TASK_INSTALLED = "ae78698ba323f52c0121e65ab2471e9e"
    TASK_IMPOSSIBLE = "7262506a7b6ee1cef719c1278f5af171"  # a row that no schedule can be made of

    CLOCK_SET = "b917e94732a94c559a1f9a7d1a79054e"  # somebody set the wall clock, or the machine slept

    PLUGIN_FAILED = "3c8fb431fb2ac22b977f01738680de87"
    PLUGIN_WARNING = "7cb6836a1b2ace0e03ba8beac1786507"  # it left something open, or one of its procedures cannot run

    HOST_READY = "bb9dd322eaa9e93af5306e0d4e7cc88e"
    HOST_LOST = "1cad5ad1448b7d16cd1bacc32fbc2b4a"
    HOST_OUTPUT = "a982fd7901f66210029263355e9ae063"  # a line that a plugin printed while it was imported

    NO_LIMITS = "60304516e3a542e882a9fcd52bd7ac1b"  # control groups, or controllers of them, are missing

    RELOADED = "5699e1578adc43ef9dd059acccda8739"
    RELOAD_FAILED = "5e393b128310446e8c2c15a3ff3e9c4f"  # what ran before runs on

    OPERATOR = "8a13f4732cfe43d430030d69903dc491"  # somebody changed something through the control socket
    CONFIGURATION = "313b864b772b9efc6bb66302ee9a4b30"  # the site cannot run as it is configured
    DATABASE_AWAY = "c270fd8cd23bd5852a61fff4651766ab"
    DATABASE_BACK = "3895f4644beffa1ff162ec6b5071ae84"

    RECORDS_LOST = "5322237bda947915f57616097732f59f"  # the log was not taken fast enough
    LOG_SOCKET = "97c02acc6fe74d048f6262af427d2e72"  # something that came there could not be taken
    LOG_FILE_AWAY = "ac454ec40bed40b4a89fd0d589dadcc6"  # lino.log cannot be written
    LOG_FILE_BACK = "b5cd5016ffbe48d9abfedf54ff0a806e"
    JOURNAL_AWAY = "cc16e7ec2d73ec4f945ebea3a694f6f8"
    JOURNAL_BACK = "e5e31ae16b60e58754a58c4ff1a6aa7e"
