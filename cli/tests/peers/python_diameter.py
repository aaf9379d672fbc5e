"""Charges over Gy and Ro with python-diameter against a server on this machine; exits with 0 when all is as expected.

usage: python_diameter.py DICTIONARY DIAMETER_PORT AUTH_PORT

Every answer is decoded by python-diameter's own classes. Amounts are worked out from the prices of mobile.yaml.
"""

import queue
import sys

from diameter.message import constants as c
from diameter.message.avp.grouped import (
    CcMoney,
    ImsInformation,
    MultipleServicesCreditControl,
    OriginatorReceivedAddress,
    RecipientAddress,
    RecipientInfo,
    RequestedServiceUnit,
    ServiceInformation,
    SmsInformation,
    SubscriptionId,
    UnitValue,
    UsedServiceUnit,
)
from diameter.message.commands.credit_control import CreditControlAnswer, CreditControlRequest
from diameter.message.commands.re_auth import ReAuthRequest
from diameter.node import Node
from diameter.node.application import SimpleThreadingApplication
from pyrad import packet
from pyrad.client import Client
from pyrad.dictionary import Dictionary

HOST, REALM = "pgw.example.net", "example.net"
MIB = 1 << 20
INITIAL, UPDATE, TERMINATE, EVENT = 1, 2, 3, 4
SUCCESS, AUTHORIZED_LATER, DENIED, LIMIT_REACHED = 2001, 2002, 4010, 4012
UNKNOWN_SESSION, INVALID_AVP, MISSING_AVP, USER_UNKNOWN, RATING_FAILED = 5002, 5004, 5005, 5030, 5031
PACKETS, IMS, SMS = "32251@3gpp.org", "8.32260@3gpp.org", "32274@3gpp.org"
US_DOLLAR = 840


def expect(what, seen, wanted):
    if seen != wanted:
        sys.exit(f"{what}: expected {wanted!r}, seen {seen!r}")


class Session:
    """A charging session, or an event, of one subscriber."""

    def __init__(self, client, context, subscriber, information=None):
        self.client, self.context, self.subscriber = client, context, subscriber
        self.information = information
        self.id = client.node.session_generator.next_id()
        self.number = -1

    def ask(self, kind, services=(), **more):
        """Sends a CCR and returns its CCA, whose head is checked."""
        self.number += 1
        request = CreditControlRequest()
        request.session_id = self.id
        request.origin_host, request.origin_realm = HOST.encode(), REALM.encode()
        request.destination_realm = b"example.com"
        request.service_context_id = self.context
        request.cc_request_type, request.cc_request_number = kind, self.number
        # The IMSI comes first, and does not take the number's place.
        request.subscription_id = [
            SubscriptionId(c.E_SUBSCRIPTION_ID_TYPE_END_USER_IMSI, "255010000000001"),
            SubscriptionId(c.E_SUBSCRIPTION_ID_TYPE_END_USER_E164, self.subscriber),
        ]
        request.multiple_services_credit_control = list(services)
        request.service_information = self.information
        for name, value in more.items():
            setattr(request, name, value)
        answer = self.client.app.send_request(request, timeout=10)
        expect("class", type(answer), CreditControlAnswer)
        expect("E bit", answer.header.is_error, False)
        expect("Session-Id", answer.session_id, self.id)
        expect("Origin-Host", answer.origin_host, b"ocs.example.com")
        expect("Origin-Realm", answer.origin_realm, b"example.com")
        expect("Auth-Application-Id", answer.auth_application_id, 4)
        expect("CC-Request-Type", answer.cc_request_type, kind)
        expect("CC-Request-Number", answer.cc_request_number, self.number)
        return answer


class Peer:
    """A Diameter node with the credit-control application, connected to the server."""

    def __init__(self, port):
        self.asked = queue.Queue()
        self.node = Node(HOST, REALM, ip_addresses=["127.0.0.1"], tcp_port=0, vendor_ids=[c.VENDOR_TGPP])
        self.node.wakeup_interval = 1
        server = self.node.add_peer(
            f"aaa://ocs.example.com:{port};transport=tcp", "example.com", ip_addresses=["127.0.0.1"], is_persistent=True
        )
        self.app = SimpleThreadingApplication(
            c.APP_DIAMETER_CREDIT_CONTROL_APPLICATION, is_auth_application=True, request_handler=self.handle
        )
        # Both realms: requests of the server to this one are routed by it too.
        self.node.add_application(self.app, [server], [REALM])
        self.node.start()
        self.app.wait_for_ready(10)

    def handle(self, app, request):
        self.asked.put(request)
        return app.generate_answer(request, result_code=AUTHORIZED_LATER)


def service(group, used=None, wanted=True):
    """A Multiple-Services-Credit-Control; `used` in octets, both ways together."""
    own = MultipleServicesCreditControl(rating_group=group)
    if wanted:
        own.requested_service_unit = RequestedServiceUnit()
    if used is not None:
        own.used_service_unit = [
            UsedServiceUnit(cc_input_octets=used // 2, cc_output_octets=used - used // 2, cc_total_octets=used)
        ]
    return own


def granted(answer):
    """What each rating group got: its result, octets, and whether these are the last."""
    return {
        own.rating_group: (
            own.result_code,
            own.granted_service_unit and own.granted_service_unit.cc_total_octets,
            own.final_unit_indication and own.final_unit_indication.final_unit_action,
        )
        for own in answer.multiple_services_credit_control
    }


def data(client):
    session = Session(client, PACKETS, "380630000001")
    answer = session.ask(INITIAL, [service(100), service(200)], multiple_services_indicator=1)
    expect("CCA-I", answer.result_code, SUCCESS)
    expect("CC-Session-Failover", answer.cc_session_failover, 1)
    expect("Credit-Control-Failure-Handling", answer.credit_control_failure_handling, 0)
    expect("grants", granted(answer), {100: (SUCCESS, 10 * MIB, None), 200: (SUCCESS, 10 * MIB, None)})
    for own in answer.multiple_services_credit_control:
        expect("Validity-Time", own.validity_time, 7200)
        expect("threshold", own.volume_quota_threshold, {100: None, 200: MIB}[own.rating_group])

    # Only one group has used its quota; the other goes on with its own.
    answer = session.ask(UPDATE, [service(100, 10 * MIB)])
    expect("CCA-U", (answer.result_code, granted(answer)), (SUCCESS, {100: (SUCCESS, 10 * MIB, None)}))
    # Without Requested-Service-Unit nothing is granted (RFC 8506 section 8.16).
    answer = session.ask(UPDATE, [service(200, 4 * MIB, wanted=False)])
    expect("report", (answer.result_code, granted(answer)), (SUCCESS, {200: (SUCCESS, None, None)}))

    # 10 + 2 MiB at 0.01 and 4 + 1 MiB at 0.02.
    answer = session.ask(TERMINATE, [service(100, 2 * MIB, False), service(200, MIB, False)])
    expect("CCA-T", (answer.result_code, answer.multiple_services_credit_control), (SUCCESS, []))
    expect("after its end", session.ask(UPDATE, [service(100)]).result_code, UNKNOWN_SESSION)


def exhausted_and_topped_up(client, recharge):
    session = Session(client, PACKETS, "380630000002")
    # 0.15: 10 MiB at 0.01 reserve 0.10, the 0.05 left pay for 2.5 MiB at 0.02, and nothing is left for a third.
    answer = session.ask(INITIAL, [service(100), service(200), service(300)], multiple_services_indicator=1)
    expect("CCA-I", answer.result_code, SUCCESS)
    poor = {
        100: (SUCCESS, 10 * MIB, None),
        200: (SUCCESS, 5 * MIB // 2, c.E_FINAL_UNIT_ACTION_TERMINATE),
        300: (LIMIT_REACHED, None, c.E_FINAL_UNIT_ACTION_TERMINATE),
    }
    expect("grants", granted(answer), poor)

    recharge("380630000002", "111222336")
    request = client.asked.get(timeout=10)
    expect("what the server asks", type(request), ReAuthRequest)
    expect("its session", request.session_id, session.id)
    expect("its application", request.auth_application_id, 4)
    expect("its kind", request.re_auth_request_type, 0)
    expect("for whom", (request.destination_host, request.destination_realm), (HOST.encode(), REALM.encode()))

    rich = {100: (SUCCESS, 10 * MIB, None), 200: (SUCCESS, 10 * MIB, None), 300: (SUCCESS, 10 * MIB, None)}
    answer = session.ask(UPDATE, [service(100, MIB), service(200, MIB), service(300)])
    expect("after the recharge", (answer.result_code, granted(answer)), (SUCCESS, rich))
    # 1 + 3 MiB at 0.01, 1 + 0 MiB at 0.02, 7 MiB at 0.01.
    services = [service(100, 3 * MIB, False), service(200, 0, False), service(300, 7 * MIB, False)]
    expect("CCA-T", session.ask(TERMINATE, services).result_code, SUCCESS)


def refused(client):
    answer = Session(client, PACKETS, "380630000003").ask(INITIAL, [service(100)])
    expect("blocked", answer.result_code, DENIED)
    expect("nothing is granted", answer.multiple_services_credit_control, [])
    answer = Session(client, PACKETS, "380639999999").ask(INITIAL, [service(100)])
    expect("nobody", answer.result_code, USER_UNKNOWN)
    answer = Session(client, "32276@3gpp.org", "380630000001").ask(INITIAL, [service(100)])
    expect("unknown service", answer.result_code, RATING_FAILED)
    expect("Failed-AVP", answer.failed_avp[0].additional_avps[0].value, "32276@3gpp.org")
    answer = Session(client, PACKETS, "380630000001").ask(5, [service(100)])
    expect("no such kind", answer.result_code, INVALID_AVP)
    expect("Failed-AVP", answer.failed_avp[0].additional_avps[0].code, c.AVP_CC_REQUEST_TYPE)


def to(called, role=0):
    return ServiceInformation(
        ims_information=ImsInformation(
            role_of_node=role,
            node_functionality=0,
            calling_party_address=["tel:+380630000001"],
            called_party_address=f"sip:+{called}@ims.example.com;user=phone",
        )
    )


def seconds(used=None, wanted=30):
    own = MultipleServicesCreditControl(rating_group=1)
    if wanted:
        own.requested_service_unit = RequestedServiceUnit(cc_time=wanted)
    if used is not None:
        own.used_service_unit = [UsedServiceUnit(cc_time=used)]
    return own


def call(client):
    session = Session(client, IMS, "380630000001", to("380441234567"))
    for kind, used in ((INITIAL, None), (UPDATE, 30), (UPDATE, 30)):
        answer = session.ask(kind, [seconds(used)])
        expect("slice", answer.result_code, SUCCESS)
        (own,) = answer.multiple_services_credit_control
        expect("slice", (own.result_code, own.granted_service_unit.cc_time, own.validity_time), (SUCCESS, 30, 10800))
    # 30 + 30 + 11 = 71 s at 0.06 a minute are 0.071.
    expect("end", session.ask(TERMINATE, [seconds(11, None)]).result_code, SUCCESS)

    # Nobody has said what a call to there costs.
    answer = Session(client, IMS, "380630000001", to("4930123456")).ask(INITIAL, [seconds()])
    (own,) = answer.multiple_services_credit_control
    expect("no rate", (answer.result_code, own.granted_service_unit), (SUCCESS, None))
    expect("no rate", own.result_code in (DENIED, RATING_FAILED), True)

    # The other side does not take the call: what was reserved is free again, and nothing is charged.
    session = Session(client, IMS, "380630000001", to("380441234567"))
    expect("ringing", session.ask(INITIAL, [seconds()]).result_code, SUCCESS)
    expect("no answer", session.ask(TERMINATE, [seconds(0, None)]).result_code, SUCCESS)


def message_to(called):
    number = dict(address_type=1)
    return ServiceInformation(
        sms_information=SmsInformation(
            originator_received_address=OriginatorReceivedAddress(address_data="380630000001", **number),
            recipient_info=[RecipientInfo(recipient_address=[RecipientAddress(address_data=called, **number)])],
        )
    )


def messages(client):
    piece = RequestedServiceUnit(cc_service_specific_units=1)

    def reserved(used):
        session = Session(client, SMS, "380630000001", message_to("380441234567"))
        answer = session.ask(INITIAL, requested_service_unit=piece)
        expect("reserved", answer.result_code, SUCCESS)
        expect("reserved", answer.granted_service_unit.cc_service_specific_units, 1)
        expect("reserved", answer.validity_time, 72 * 3600)
        units = [UsedServiceUnit(cc_service_specific_units=used)]
        expect("delivered", session.ask(TERMINATE, used_service_unit=units).result_code, SUCCESS)

    # One is delivered and costs 0.05, the SMSC refuses the other.
    reserved(1)
    reserved(0)

    def event(action, units=piece, called="380441234567"):
        session = Session(client, SMS, "380630000001", message_to(called))
        return session.ask(EVENT, requested_action=action, requested_service_unit=units)

    def money(digits, exponent):
        value = UnitValue(value_digits=digits, exponent=exponent)
        return RequestedServiceUnit(cc_money=CcMoney(unit_value=value, currency_code=US_DOLLAR))

    # Direct debiting of two messages, 0.10, and of an amount, 0.25.
    answer = event(c.E_REQUESTED_ACTION_DIRECT_DEBITING, RequestedServiceUnit(cc_service_specific_units=2))
    expect("debited", answer.result_code, SUCCESS)
    expect("debited", answer.granted_service_unit.cc_service_specific_units, 2)
    answer = event(c.E_REQUESTED_ACTION_DIRECT_DEBITING, money(25, -2))
    expect("debited an amount", answer.result_code, SUCCESS)
    # The amount and one message come back.
    expect("refunded", event(c.E_REQUESTED_ACTION_REFUND_ACCOUNT, money(25, -2)).result_code, SUCCESS)
    expect("refunded", event(c.E_REQUESTED_ACTION_REFUND_ACCOUNT).result_code, SUCCESS)

    # One message costs 0.05: 5 with the exponent -2.
    answer = event(c.E_REQUESTED_ACTION_PRICE_ENQUIRY)
    cost = answer.cost_information
    expect("price", answer.result_code, SUCCESS)
    expect("price", (cost.unit_value.value_digits, cost.unit_value.exponent, cost.currency_code), (5, -2, US_DOLLAR))

    # Below 100.00 are left: enough for a message, not for 2,000 of them, which are exactly 100.00.
    answer = event(c.E_REQUESTED_ACTION_CHECK_BALANCE)
    expect("enough", (answer.result_code, answer.check_balance_result), (SUCCESS, c.E_CHECK_BALANCE_RESULT_ENOUGH_CREDIT))
    answer = event(c.E_REQUESTED_ACTION_CHECK_BALANCE, RequestedServiceUnit(cc_service_specific_units=2000))
    expect("too little", (answer.result_code, answer.check_balance_result), (SUCCESS, c.E_CHECK_BALANCE_RESULT_NO_CREDIT))


def recharging(dictionary, port):
    """Recharges accounts with vouchers, as an IVR does over RADIUS."""
    client = Client(server="127.0.0.1", authport=port, secret=b"secret", dict=Dictionary(dictionary))
    client.timeout, client.retries = 3, 2

    def recharge(account, voucher):
        request = client.CreateAuthPacket(code=packet.AccessRequest, User_Name=account)
        request["NAS-IP-Address"] = "127.0.0.1"
        request["h323-conf-id"] = "h323-conf-id=0A0B0C0D 00000000 00000000 00000001"
        request["Cisco-AVPair"] = [
            "PortaOne-Service-Type=Quantity",
            "h323-ivr-out=PortaBilling_Session:ignore",
            f"h323-ivr-out=PortaBilling_Mod_ivrutil:action=rechargeVoucher;id={voucher}",
            "h323-ivr-out=PortaBilling_Original_CLD:01inbound",
            "h323-ivr-out=PortaBilling_Ignore_Password:YES",
        ]
        request.add_message_authenticator()
        answer = client.SendPacket(request)
        expect("recharge", answer.code, packet.AccessAccept)

    return recharge


def main():
    dictionary, diameter_port, auth_port = sys.argv[1:]
    client = Peer(int(diameter_port))
    try:
        data(client)
        exhausted_and_topped_up(client, recharging(dictionary, int(auth_port)))
        refused(client)
        call(client)
        messages(client)
    finally:
        client.node.stop(wait_timeout=1)


main()
