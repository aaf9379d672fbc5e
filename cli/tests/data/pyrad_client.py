"""Authenticates, authorises and accounts with pyrad against a server on this machine; exits with 0 when all is as expected.

usage: pyrad_client.py DICTIONARY AUTH_PORT ACCT_PORT
"""

import sys

from pyrad import packet
from pyrad.client import Client
from pyrad.dictionary import Dictionary

CONF_ID = "h323-conf-id=0A0B0C0D 00000000 00000000 00000001"
ACCESS_CODE = "h323-ivr-out=PortaBilling_AccessCode:6045551600"


def expect(what, seen, wanted):
    if seen != wanted:
        sys.exit(f"{what}: expected {wanted!r}, seen {seen!r}")


def main():
    dictionary, auth_port, acct_port = sys.argv[1:]
    client = Client(
        server="127.0.0.1",
        authport=int(auth_port),
        acctport=int(acct_port),
        secret=b"secret",
        dict=Dictionary(dictionary),
    )
    client.timeout, client.retries = 3, 2

    def access(**more):
        request = client.CreateAuthPacket(code=packet.AccessRequest, User_Name="10086610976")
        request["User-Password"] = request.PwCrypt(more.pop("password", "4711"))
        request["NAS-IP-Address"] = "127.0.0.1"
        request["h323-conf-id"] = CONF_ID
        request["Cisco-AVPair"] = ACCESS_CODE
        for name, value in more.items():
            request[name.replace("_", "-")] = value
        request.add_message_authenticator()
        return client.SendPacket(request)

    answer = access()
    expect("authentication", answer.code, packet.AccessAccept)
    expect("credit", answer["h323-credit-amount"], ["h323-credit-amount=10.00"])
    expect("return code", answer["h323-return-code"], ["h323-return-code=0"])

    answer = access(password="wrong")
    expect("wrong password", answer.code, packet.AccessReject)
    expect("return code", answer["h323-return-code"], ["h323-return-code=2"])

    # 30 s first, then by 6 s, at 0.03 a minute: 0.015, then 0.003 each. 10.00 - 0.015 = 9.985 pays for 3328 of them
    # (9.984): 30 + 3328 x 6 = 19998 s.
    answer = access(Called_Station_Id="0114930123456")
    expect("authorization", answer.code, packet.AccessAccept)
    expect("credit time", answer["h323-credit-time"], ["h323-credit-time=19998"])

    for status, seconds in (("Start", None), ("Stop", 29)):
        request = client.CreateAcctPacket(User_Name="10086610976")
        request["NAS-IP-Address"] = "127.0.0.1"
        request["Acct-Status-Type"] = status
        request["Acct-Session-Id"] = "00000002"
        request["Called-Station-Id"] = "4930123456"
        request["h323-conf-id"] = CONF_ID
        request["h323-call-origin"] = "h323-call-origin=originate"
        request["Cisco-AVPair"] = ACCESS_CODE
        if seconds is not None:
            request["Acct-Session-Time"] = seconds
        answer = client.SendPacket(request)
        expect(status, answer.code, packet.AccountingResponse)


main()
