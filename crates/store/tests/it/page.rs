//! Page tokens.

use postlude_store::PageToken;

#[test]
fn goes_on_where_it_stopped() {
    let token = PageToken::new("ListOrders state=OPEN", ["2026", "42"]).encode();
    let read = PageToken::decode(&token, "ListOrders state=OPEN")
        .unwrap()
        .unwrap();
    assert_eq!(read.text(0).unwrap(), "2026");
    assert_eq!(read.number(1).unwrap(), 42);
    assert!(read.text(2).is_err());
    assert_eq!(PageToken::decode("", "ListOrders").unwrap(), None);
}

#[test]
fn refuses_a_token_of_another_list_or_none_at_all() {
    let token = PageToken::new("ListOrders state=OPEN", ["1"]).encode();
    assert!(PageToken::decode(&token, "ListOrders state=CLOSED").is_err());
    for junk in ["x", "AAAA", "%%%", "ChAAAA"] {
        assert!(PageToken::decode(junk, "ListOrders").is_err(), "{junk}");
    }
}
