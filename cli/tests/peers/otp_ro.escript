#!/usr/bin/env escript
%% A credit-control server on the Diameter stack of Erlang/OTP, with the dictionary of RFC 4006 that comes with it.
%%
%% usage: otp_ro.escript PORT
%%
%% It grants each service what it asks for, 10 MiB where it names no units, and prints what it understood of every request, one line each:
%%   CCR <type> <number> <rating group>:<used octets>/<used seconds> ...
%% with " errors: ..." behind it where OTP found anything wrong. After the first CCR-U of a session it asks for a new one (RAR),
%% and prints the answer. It ends when its input does.
-mode(compile).
-export([peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3, handle_answer/4, handle_error/4,
         handle_request/3]).
%% As in diameter.hrl, which is not installed everywhere.
-record(diameter_packet, {header, avps, msg, bin, errors = [], transport_data}).
-record(diameter_caps, {origin_host, origin_realm, host_ip_address = [], vendor_id, product_name, origin_state_id = [],
                        supported_vendor_id = [], auth_application_id = [], inband_security_id = [],
                        acct_application_id = [], vendor_specific_application_id = [], firmware_revision = [], avp = []}).

-define(SERVICE, ro).
-define(GRANT, 10485760).

main([Port]) ->
    io:setopts(standard_io, [{encoding, utf8}]),
    compile("rfc4005_nas"),
    compile("rfc4006_cc"),
    ok = diameter:start(),
    Options = [{'Origin-Host', "ocs.example.com"},
               {'Origin-Realm', "example.com"},
               {'Host-IP-Address', [{127, 0, 0, 1}]},
               {'Vendor-Id', 193},
               {'Product-Name', "OTP"},
               {'Supported-Vendor-Id', [10415]},
               {'Auth-Application-Id', [4]},
               {restrict_connections, false},
               %% Its dictionary is of 2005 and without 3GPP's AVPs.
               {strict_mbit, false},
               {string_decode, false},
               {decode_format, map},
               {application, [{alias, ro}, {dictionary, rfc4006_cc}, {module, ?MODULE}, {call_mutates_state, false}]}],
    ok = diameter:start_service(?SERVICE, Options),
    Transport = [{transport_module, diameter_tcp},
                 {transport_config, [{reuseaddr, true}, {ip, {127, 0, 0, 1}}, {port, list_to_integer(Port)}]}],
    {ok, _} = diameter:add_transport(?SERVICE, {listen, Transport}),
    io:format("ready~n"),
    wait(),
    diameter:stop_service(?SERVICE),
    diameter:stop().

wait() ->
    case io:get_line("") of
        eof -> ok;
        {error, _} -> ok;
        _ -> wait()
    end.

%% Compiles a dictionary of OTP's examples, in memory alone.
compile(Name) ->
    {ok, Text} = file:read_file(filename:join([code:lib_dir(diameter), "examples", "dict", Name ++ ".dia"])),
    Options = [return, forms, {name, Name}, {prefix, Name}, {inherits, "common/diameter_gen_base_rfc6733"}],
    {ok, [Forms]} = diameter_make:codec(with_reauthorisation(Name, Text), Options),
    {ok, Module, Binary} = compile:forms(Forms, [return_errors]),
    {module, Module} = code:load_binary(Module, Name, Binary).

%% RFC 4006 takes RAR and RAA from the base protocol, with its own Application-Id; OTP's dictionary leaves them out.
with_reauthorisation("rfc4006_cc", Text) ->
    Messages = <<"@messages\n\n"
                 "   RAR ::= < Diameter Header: 258, REQ, PXY >\n"
                 "           < Session-Id >\n"
                 "           { Origin-Host }\n"
                 "           { Origin-Realm }\n"
                 "           { Destination-Realm }\n"
                 "           { Destination-Host }\n"
                 "           { Auth-Application-Id }\n"
                 "           { Re-Auth-Request-Type }\n"
                 "         * [ AVP ]\n\n"
                 "   RAA ::= < Diameter Header: 258, PXY >\n"
                 "           < Session-Id >\n"
                 "           { Result-Code }\n"
                 "           { Origin-Host }\n"
                 "           { Origin-Realm }\n"
                 "         * [ AVP ]\n">>,
    binary:replace(Text, <<"@messages\n">>, Messages);
with_reauthorisation(_, Text) ->
    Text.

peer_up(_, {_, #diameter_caps{origin_host = {_, Host}}}, State) ->
    io:format("up ~s~n", [Host]),
    State.

peer_down(_, {_, #diameter_caps{origin_host = {_, Host}}}, State) ->
    io:format("down ~s~n", [Host]),
    State.

pick_peer([Peer | _], _, _, _) -> {ok, Peer};
pick_peer([], [Peer | _], _, _) -> {ok, Peer};
pick_peer(_, _, _, _) -> false.

prepare_request(#diameter_packet{msg = Message}, _, _) -> {send, Message}.
prepare_retransmit(Packet, _, _) -> {send, Packet}.
handle_answer(#diameter_packet{msg = Message, errors = Errors}, _, _, _) -> {Message, Errors}.
handle_error(Reason, _, _, _) -> {error, Reason}.

handle_request(#diameter_packet{msg = ['CCR' | Request], errors = Errors}, _, {_, Caps}) ->
    #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}} = Caps,
    #{'Session-Id' := Session, 'CC-Request-Type' := Type, 'CC-Request-Number' := Number} = Request,
    Services = maps:get('Multiple-Services-Credit-Control', Request, []),
    Used = [[" ", used(Service)] || Service <- Services],
    io:format("CCR ~p ~p~s~s~n", [Type, Number, Used, wrong(Errors)]),
    case {Type, Number} of
        {2, 1} -> spawn(fun() -> ask_again(Request, Host, Realm) end);
        _ -> ok
    end,
    Answer = #{'Session-Id' => Session,
               'Result-Code' => 2001,
               'Origin-Host' => Host,
               'Origin-Realm' => Realm,
               'Auth-Application-Id' => 4,
               'CC-Request-Type' => Type,
               'CC-Request-Number' => Number,
               'Multiple-Services-Credit-Control' => case Type of 3 -> []; _ -> [grant(Service) || Service <- Services] end},
    {reply, ['CCA' | Answer]};
handle_request(_, _, _) ->
    {answer_message, 3001}.

%% The server asks for a new request of the session (RFC 8506 section 5.5).
ask_again(#{'Session-Id' := Session, 'Origin-Host' := Client, 'Origin-Realm' := ClientRealm}, Host, Realm) ->
    timer:sleep(100),
    Message = ['RAR' | #{'Session-Id' => Session,
                         'Origin-Host' => Host,
                         'Origin-Realm' => Realm,
                         'Destination-Host' => Client,
                         'Destination-Realm' => ClientRealm,
                         'Auth-Application-Id' => 4,
                         'Re-Auth-Request-Type' => 0}],
    case diameter:call(?SERVICE, ro, Message) of
        {['RAA' | #{'Result-Code' := Result}], Errors} -> io:format("RAA ~p~s~n", [Result, wrong(Errors)]);
        Other -> io:format("RAA failed: ~p~n", [Other])
    end.

wrong([]) -> "";
wrong(Errors) -> io_lib:format(" errors: ~0p", [Errors]).

used(Service) ->
    Sum = fun(Name) -> lists:sum([one(Name, Units, 0) || Units <- maps:get('Used-Service-Unit', Service, [])]) end,
    io_lib:format("~p:~p/~p", [one('Rating-Group', Service, none), Sum('CC-Total-Octets'), Sum('CC-Time')]).

grant(Service) ->
    Kept = maps:with(['Rating-Group', 'Service-Identifier'], Service),
    case one('Requested-Service-Unit', Service, none) of
        none -> Kept#{'Result-Code' => 2001};
        Wanted ->
            Granted = case maps:with(['CC-Time', 'CC-Total-Octets', 'CC-Service-Specific-Units'], Wanted) of
                          Nothing when map_size(Nothing) == 0 -> #{'CC-Total-Octets' => ?GRANT};
                          Units -> Units
                      end,
            Kept#{'Granted-Service-Unit' => Granted, 'Validity-Time' => 3600, 'Result-Code' => 2001}
    end.

%% An AVP that may be left out comes as a list of one where it does not.
one(Name, Avps, Default) ->
    case maps:get(Name, Avps, Default) of
        [Value] -> Value;
        Value -> Value
    end.
