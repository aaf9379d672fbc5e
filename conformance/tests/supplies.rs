//! What a world says of vouchers, carriers, and of things sold by the piece or by volume.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

use std::path::Path;

use tollgate_conformance::world::{self, PriceUnit, World};

fn load(text: &str) -> Result<World, String> {
    let text = format!("currency: USD\nocs: 192.0.2.1\n{text}");
    world::load_text(Path::new("world.yaml"), &text).map_err(|report| report.to_string())
}

fn refusal(text: &str) -> String {
    load(text).unwrap_err()
}

#[test]
fn a_voucher_is_in_its_own_currency_or_in_the_worlds() {
    let world = load(
        "vouchers:\n  \"1\": { amount: 50.00 }\n  \"2\": { amount: 5.00 EUR, currency: EUR, expires: 2008-01-01T00:00:00Z }\n",
    )
    .unwrap();
    let seen: Vec<(&str, String, &str, bool)> = (world.vouchers.iter())
        .map(|it| (it.id.as_str(), it.amount.to_string(), it.currency.as_str(), it.expires.is_some()))
        .collect();
    assert_eq!(seen, [("1", "50.00".to_owned(), "USD", false), ("2", "5.00".to_owned(), "EUR", true)]);
}

#[test]
fn a_voucher_without_an_amount_or_with_one_in_another_currency_is_refused() {
    assert!(refusal("vouchers: { \"1\": {} }").contains("'amount:'"));
    assert!(refusal("vouchers: { \"1\": { amount: 5.00 EUR } }").contains("EUR"));
    assert!(refusal("vouchers: { \"1\": { amount: -5.00 } }").contains("negative"));
}

#[test]
fn a_route_takes_all_numbers_unless_it_says_which() {
    let world = load(
        "routes: { A: { address: 192.0.2.9 }, B: { address: 192.0.2.8, prefix: \"44\", preference: 7, rtpp-level: 3 } }",
    );
    let world = world.unwrap();
    let seen: Vec<(&str, &str, u32, Option<u8>)> = world
        .routes
        .iter()
        .map(|it| (it.name.as_str(), it.prefix.as_str(), it.preference, it.rtpp_level))
        .collect();
    assert_eq!(seen, [("A", "", 0, None), ("B", "44", 7, Some(3))]);
    assert!(refusal("routes: { A: { prefix: \"44\" } }").contains("'address:'"));
    assert!(refusal("routes: { A: { address: 192.0.2.9, rtpp-level: 4 } }").contains('4'));
}

#[test]
fn a_rate_may_be_for_a_word_by_the_piece_or_by_volume() {
    let world = load(
        "tariffs:\n  M: { service: quantity, rates: [{ prefix: JAZZ, price: 0.99/unit, interval: 2 }] }\n  D: { service: data, rates: [{ prefix: DATA, price: 0.10/MB, interval: 1024 }] }\n",
    )
    .unwrap();
    let rate = |place: usize| &world.tariffs[place].rates[0];
    assert_eq!(
        (rate(0).prefix.as_str(), rate(0).first.per, rate(0).first.length),
        ("JAZZ", PriceUnit::Piece, 2)
    );
    assert_eq!((rate(1).first.per, rate(1).first.length), (PriceUnit::Mebibyte, 1024));
    assert_eq!((PriceUnit::Piece.units(), PriceUnit::Mebibyte.units()), (1, 1_048_576));
    assert!(refusal("tariffs: { M: { rates: [{ prefix: \"+1\", price: 1/min }] } }").contains("digits"));
}
