"""Decodes TCAP messages with pycrate and holds its values against the fields that tollgate shows.

Each line of standard input is a message in hexadecimal digits, a space, and the fields as tollgate shows them.
Numbers, causes, cells, times and identities, which ASN.1 knows as octets only, are decoded here again.
"""

import contextlib
import importlib.util
import io
import pathlib
import sys
import tempfile

from pycrate_asn1c.asnproc import PycrateGenerator, compile_text, generate_modules
from pycrate_asn1dir import TCAP_CAP

MESSAGE = TCAP_CAP.TCAP_CAP_Messages.TCAP_CAP_Message

# What CAP carries as elements inside of strings. pycrate has these types with parameters only, which cannot be
# decoded by themselves.
INSIDE = """
Inside DEFINITIONS IMPLICIT TAGS ::= BEGIN
LegType ::= OCTET STRING (SIZE(1))
SendingSideID ::= CHOICE { sendingSideID [0] LegType }
ReceivingSideID ::= CHOICE { receivingSideID [1] LegType }
Charging ::= CHOICE { timeDurationCharging [0] SEQUENCE {
    maxCallPeriodDuration [0] INTEGER (1..864000),
    releaseIfdurationExceeded [1] BOOLEAN DEFAULT FALSE,
    tariffSwitchInterval [2] INTEGER (1..86400) OPTIONAL, ... } }
TimeInformation ::= CHOICE {
    timeIfNoTariffSwitch [0] INTEGER (0..864000),
    timeIfTariffSwitch [1] SEQUENCE {
        timeSinceTariffSwitch [0] INTEGER (0..864000),
        tariffSwitchInterval [1] INTEGER (1..864000) OPTIONAL } }
Result ::= CHOICE { timeDurationChargingResult [0] SEQUENCE {
    partyToCharge [0] ReceivingSideID,
    timeInformation [1] TimeInformation,
    legActive [2] BOOLEAN DEFAULT TRUE,
    callLegReleasedAtTcpExpiry [3] NULL OPTIONAL, ... } }
Furnish ::= CHOICE { fCIBCCCAMELsequence1 [0] SEQUENCE {
    freeFormatData [0] OCTET STRING (SIZE(1..160)),
    partyToCharge [1] SendingSideID OPTIONAL,
    appendFreeFormatData [2] ENUMERATED { overwrite (0), append (1) } DEFAULT overwrite, ... } }
FurnishSMS ::= CHOICE { fCIBCCCAMELsequence1 [0] SEQUENCE {
    freeFormatData [0] OCTET STRING (SIZE(1..160)),
    appendFreeFormatData [1] ENUMERATED { overwrite (0), append (1) } DEFAULT overwrite } }
END
"""


def compiled(text):
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        file = pathlib.Path(folder) / "inside.py"
        compile_text(text)
        generate_modules(PycrateGenerator, str(file))
        spec = importlib.util.spec_from_file_location("inside", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module.Inside


TYPES = compiled(INSIDE)

# Names that phase 4, which pycrate's description is of, has changed.
RENAMED = {
    "callActive": "legActive",
    "callReleasedAtTcpExpiry": "callLegReleasedAtTcpExpiry",
    "requestAnnouncementComplete": "requestAnnouncementCompleteNotification",
}
CONTEXTS = {
    "cap2-calls": (0, 4, 0, 0, 1, 0, 50, 1),
    "cap3-calls": (0, 4, 0, 0, 1, 21, 3, 4),
    "cap3-sms": (0, 4, 0, 0, 1, 21, 3, 61),
}
ISUP_NATURES = {"subscriber": 1, "unknown": 2, "national": 3, "international": 4}
MAP_NATURES = {"unknown": 0, "international": 1, "national": 2}
PLANS = {"unknown": 0, "isdn": 1}
PRESENTATIONS = {"allowed": 0, "restricted": 1, "notAvailable": 2}
SCREENINGS = {"userProvidedNotVerified": 0, "networkProvided": 3}


class Shown:
    """Reads what tollgate shows: `name: value, name: { … }`, lists in brackets. A group is a list of pairs."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def looking_at(self, mark):
        return self.text.startswith(mark, self.at)

    def take(self, mark):
        assert self.looking_at(mark), (mark, self.text[self.at : self.at + 40])
        self.at += len(mark)

    def group(self, end):
        pairs = []
        while not self.looking_at(end) if end else self.at < len(self.text):
            if pairs:
                self.take(", ")
            colon = self.text.index(": ", self.at)
            name = self.text[self.at : colon]
            self.at = colon + 2
            pairs.append((name, self.value()))
        self.take(end)
        return pairs

    def value(self):
        if self.looking_at("{ "):
            self.take("{ ")
            return self.group(" }")
        if self.looking_at("["):
            self.take("[")
            values = []
            while not self.looking_at("]"):
                if values:
                    self.take(", ")
                values.append(self.value())
            self.take("]")
            return values
        ends = [place for place in (self.text.find(mark, self.at) for mark in (", ", " }", "]")) if place >= 0]
        end = min(ends, default=len(self.text))
        word = self.text[self.at : end]
        self.at = end
        return word


def halves(octets):
    return [half for octet in octets for half in (octet & 15, octet >> 4)]


def bcd(octets):
    return "".join("0123456789*#abc?"[half] for half in halves(octets) if half != 15)


def isup(octets):
    digits = "".join("%X" % half for half in halves(octets[2:]))
    return digits[:-1] if octets[0] & 0x80 else digits


def number(own, octets, name):
    """A number of ISUP or an address of MAP."""
    shown = dict(own)
    if "qualifier" in shown:
        assert octets[0] == int(shown["qualifier"]), (name, shown, octets)
        octets = octets[1:]
    mapped = name in ("mscAddress", "msc-Number", "vlr-number", "sMSCAddress", "calledPartyBCDNumber",
                      "destinationSubscriberNumber", "smsCallingPartyNumber")
    if mapped:
        read = (bcd(octets[1:]), (octets[0] >> 4) & 7, octets[0] & 15)
        assert read == (shown["digits"], MAP_NATURES[shown["nature"]], PLANS[shown["plan"]]), (name, shown, read)
        return
    read = (isup(octets), octets[0] & 0x7F, (octets[1] >> 4) & 7)
    assert read == (shown["digits"], ISUP_NATURES[shown["nature"]], PLANS[shown["plan"]]), (name, shown, read)
    if "presentation" in shown:
        read = ((octets[1] >> 2) & 3, octets[1] & 3)
        assert read == (PRESENTATIONS[shown["presentation"]], SCREENINGS[shown["screening"]]), (name, shown, read)


def octet_group(own, octets, name):
    shown = dict(own)
    if "digits" in shown:
        number(own, octets, name)
    elif "mcc" in shown:
        halves_of = halves(octets[:3])
        network = halves_of[4:6] + [half for half in halves_of[3:4] if half != 15]
        read = ("".join(map(str, halves_of[:3])), "".join(map(str, network)))
        assert read == (shown["mcc"], shown["mnc"]), (name, shown, read)
        assert int.from_bytes(octets[3:5], "big") == int(shown["lac"]), (name, shown)
        assert int.from_bytes(octets[5:7], "big") == int(shown["cell"]), (name, shown)
    elif "value" in shown:
        assert (octets[1] & 0x7F, octets[0] & 15) == (int(shown["value"]), int(shown["location"])), (name, shown)
    else:
        raise AssertionError((name, shown, octets))


def stamp(octets):
    tens = ["%d%d" % (octet & 15, octet >> 4) for octet in octets[:7]]
    text = "%s%s-%s-%sT%s:%s:%s" % tuple(tens)
    if len(octets) == 8:
        quarters = (octets[7] & 7) * 10 + (octets[7] >> 4)
        sign = "-" if octets[7] & 8 else "+"
        text += "%s%02d:%02d" % (sign, quarters // 4, quarters % 4 * 15)
    return text


def leaf(own, theirs, name):
    if isinstance(theirs, bytes):
        if own.startswith("0x"):
            read = "0x" + theirs.hex()
        elif name == "iMSI":
            read = bcd(theirs)
        elif "Time" in name or "time" in name:
            read = stamp(theirs)
        elif own.startswith("leg"):
            read = "leg%d" % theirs[0]
        elif name == "rpCause":
            read = str(theirs[0])
        else:
            raise AssertionError((name, own, theirs))
    elif isinstance(theirs, bool):
        read = str(theirs).lower()
    elif theirs in (0, None) and own == "true":
        read = "true"  # NULL
    else:
        read = str(theirs)
    # These are numbers for us, because they have no meaning of their own here.
    numbers = {"tssf": "0", "append": "1", "overwrite": "0"}
    assert own == numbers.get(read, read), (name, own, theirs)


def inside(kind, octets):
    """What a string holds, by its type."""
    kind.from_ber(octets)
    return kind.get_val()[1]


def opened(theirs, name):
    """Takes off what tollgate does not show: strings around elements, and choices of one alternative."""
    if name == "applyCharging":
        theirs = dict(theirs)
        charging = theirs.pop("aChBillingChargingCharacteristics")
        theirs.pop("aChChargingAddress", None)
        return {**inside(TYPES.Charging, charging), **theirs}
    if name == "applyChargingReport":
        return inside(TYPES.Result, theirs)
    if name == "furnishChargingInformation":
        return inside(TYPES.Furnish, theirs)
    if name == "furnishChargingInformationSMS":
        return inside(TYPES.FurnishSMS, theirs)
    if name == "sCIBillingChargingCharacteristics":
        kind = TCAP_CAP.CAP_datatypes.CAMEL_SCIBillingChargingCharacteristics
        kind.from_ber(theirs)
        return kind.get_val()
    if name == "connectToResource":
        theirs = dict(theirs)
        kind, value = theirs.pop("resourceAddress")
        return {**theirs, kind: value}
    if name == "releaseCall":
        return {"cause": theirs[1] if isinstance(theirs, tuple) else theirs}
    if name == "releaseSMS":
        return {"rpCause": theirs}
    return theirs


# Defaults that pycrate fills in where a component is absent.
DEFAULTS = {"partyToCharge", "legActive", "releaseIfdurationExceeded", "audibleIndicator", "aChChargingAddress",
            "appendFreeFormatData", "miscCallInfo", "timerID", "legID", "disconnectFromIPForbidden",
            "requestAnnouncementCompleteNotification", "requestAnnouncementStartedNotification"}


def compare(own, theirs, name):
    theirs = opened(theirs, name)
    if isinstance(own, str):
        if isinstance(theirs, tuple):  # A choice of one alternative.
            theirs = theirs[1]
        return leaf(own, theirs, name)
    if isinstance(theirs, bytes):
        return octet_group(own, theirs, name)
    if isinstance(theirs, tuple):
        theirs = {theirs[0]: theirs[1]}
    if isinstance(theirs, dict):
        shown = {RENAMED.get(inner, inner): value for inner, value in own}
        missing = [inner for inner in theirs if inner not in shown and inner not in DEFAULTS]
        assert not missing, (name, "not shown", missing)
        for inner, value in shown.items():
            assert inner in theirs, (name, "not read", inner, theirs)
            kind = "smsCallingPartyNumber" if (name, inner) == ("initialDPSMS", "callingPartyNumber") else inner
            compare(value, theirs[inner], kind)
        return None
    assert len(own) == len(theirs), (name, own, theirs)
    for value, read in zip(own, theirs):
        compare(value, read, name)


def codes(module, prefix):
    named = {}
    for own in getattr(TCAP_CAP, module)._all_:
        if own._name.startswith(prefix):
            named[own.get_val()] = own._name[len(prefix):]
    return named


OPERATIONS = codes("CAP_operationcodes", "opcode-")
ERRORS = codes("CAP_errorcodes", "errcode-")


def dialogue(shown, theirs, kind):
    if kind == "abort" and "p-abortCause" in shown:
        return
    portion = theirs.get("dialoguePortion") or theirs.get("reason", (None, None))[1]
    name = next((name for name in ("dialogueRequest", "dialogueResponse", "dialogueAbort") if name in shown), None)
    assert (name is None) == (portion is None), (shown, portion)
    if name is None:
        return
    alternative, pdu = portion["encoding"][1][1]
    assert alternative == name, (alternative, name)
    if name == "dialogueAbort":
        assert pdu["abort-source"] in (0, "dialogue-service-user"), pdu
        return
    assert pdu["application-context-name"] == CONTEXTS[shown[name]], (pdu, shown)
    if name == "dialogueResponse":
        assert (pdu["result"] in (0, "accepted")) == ("refused" not in shown), (pdu, shown)


def component(shown, theirs):
    """`shown` are the fields of one component, its own one last."""
    kind, value = theirs[1]
    name, own = shown[-1]
    fields = dict(shown[:-1])
    identifier = value["invokeId"]
    if identifier[0] == "present":
        assert int(fields["invokeID"]) == identifier[1], (fields, identifier)
    else:
        assert "invokeID" not in fields, fields
    if kind == "invoke":
        assert OPERATIONS[value["opcode"]] == name, (value["opcode"], name)
        if "argument" in value:
            compare(own, value["argument"][1], name)
        else:
            assert own == "true", own
    elif kind == "returnResult":
        assert name == "returnResult", name
    elif kind == "returnError":
        assert name == "returnError", name
        [(error, parameter)] = own
        assert ERRORS[value["errcode"]] == error, (value, error)
        if "parameter" in value:
            compare(parameter, value["parameter"][1], error)
        else:
            assert parameter == "true", parameter
    else:
        assert (kind, name) == ("reject", "reject"), (kind, name)
        [(about, _)] = own
        assert about.startswith(value["problem"][0]), (about, value["problem"])


def check(octets, text):
    MESSAGE.from_ber(octets)
    kind, theirs = MESSAGE.get_val()
    assert MESSAGE.to_ber() is not None
    fields = Shown(text).group("")
    shown = dict(fields)
    assert shown["message"] == kind, (shown["message"], kind)
    for name in ("otid", "dtid"):
        assert (name in shown) == (name in theirs), name
        assert name not in shown or shown[name] == theirs[name].hex(), name
    dialogue(shown, theirs, kind)
    ahead = ("message", "otid", "dtid", "p-abortCause", "dialogueRequest", "dialogueResponse", "dialogueAbort", "refused")
    parts, current = [], []
    for name, value in fields:
        if name in ahead:
            continue
        current.append((name, value))
        if name not in ("invokeID", "linkedID"):
            parts.append(current)
            current = []
    components = theirs.get("components", [])
    assert len(parts) == len(components), (parts, components)
    for own, read in zip(parts, components):
        component(own, read)


def main():
    count = 0
    for line in sys.stdin:
        digits, text = line.rstrip("\n").split(" ", 1)
        try:
            check(bytes.fromhex(digits), text)
        except Exception as error:
            print("%s: %r\n%s\n%s" % (type(error).__name__, error, digits, text))
            return 1
        count += 1
    print("%d messages agree" % count)
    return 0


sys.exit(main())
