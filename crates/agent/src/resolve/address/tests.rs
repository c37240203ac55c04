use std::net::IpAddr;

use super::{Network, check};

fn is_refused(address: &str) -> bool {
    check(address.parse().unwrap(), &[]).is_none()
}

#[test]
fn the_first_and_last_address_of_every_special_network_is_refused() {
    for address in [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::10.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:a00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ] {
        assert!(is_refused(address), "{address}");
    }
}

#[test]
fn public_addresses_beside_them_pass() {
    for address in [
        "1.0.0.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2600::1",
        "2a00::1",
        "3ffe::1",
        "3fff:1000::1",
    ] {
        assert!(!is_refused(address), "{address}");
    }
}

#[test]
fn an_allowed_network_lets_its_addresses_pass_and_no_others() {
    let allowed: Vec<Network> = ["10.1.0.0/16", "fd00::/8", "192.168.7.7"]
        .map(|text| text.parse().unwrap())
        .to_vec();
    let passes = |address: &str| check(address.parse().unwrap(), &allowed).is_some();
    for address in ["10.1.0.0", "10.1.255.255", "fd12::1", "192.168.7.7", "8.8.8.8"] {
        assert!(passes(address), "{address}");
    }
    for address in ["10.0.255.255", "10.2.0.0", "fc00::1", "192.168.7.8", "127.0.0.1"] {
        assert!(!passes(address), "{address}");
    }
}

#[test]
fn a_mapped_address_is_judged_and_reached_as_what_it_is() {
    let allowed = ["10.0.0.0/8".parse().unwrap()];
    let reached = check("::ffff:10.2.3.4".parse().unwrap(), &allowed);
    assert_eq!(reached, Some("10.2.3.4".parse::<IpAddr>().unwrap()));
}

#[test]
fn whole_families_can_be_allowed() {
    let allowed = ["0.0.0.0/0", "::/0"].map(|text| text.parse().unwrap());
    for address in ["127.0.0.1", "255.255.255.255", "::1", "ff02::1"] {
        assert!(check(address.parse().unwrap(), &allowed).is_some(), "{address}");
    }
}

#[test]
fn what_is_no_network_is_an_error() {
    for text in ["", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10/8", "host/8", "10.0.0.0/-1"] {
        assert!(text.parse::<Network>().is_err(), "{text:?}");
    }
}
