//! A year in the life of the authorities.

use super::*;

const START: i64 = 1_800_000_000;
const NEXT: i64 = START + AUTHORITY_SECONDS - SUCCESSION_SECONDS + 1;

fn names(authorities: &Authorities) -> Vec<String> {
    authorities.0.iter().map(|authority| authority.name().to_owned()).collect()
}

#[test]
fn nothing_changes_until_the_end_comes_near() {
    let first = Authorities::mint(START).unwrap();
    assert_eq!(first.turned(START).unwrap(), None);
    assert_eq!(first.turned(NEXT - 1).unwrap(), None);
}

#[test]
fn the_next_one_is_known_before_it_signs_and_the_last_one_is_believed_after_it_signed() {
    let first = Authorities::mint(START).unwrap();
    let old = first.signer(START).name().to_owned();
    let both = first.turned(NEXT).unwrap().unwrap();
    let new = names(&both)[1].clone();
    assert_eq!(both.bundle().matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(both.signer(NEXT + OVERLAP_SECONDS - 1).name(), old);
    assert_eq!(both.signer(NEXT + OVERLAP_SECONDS).name(), new);
    let retired = NEXT + OVERLAP_SECONDS + RETIRE_SECONDS;
    assert_eq!(both.turned(retired - 1).unwrap(), None);
    assert_eq!(names(&both.turned(retired).unwrap().unwrap()), [new]);
}

#[test]
fn authorities_that_nobody_looked_after_are_replaced_at_once() {
    let first = Authorities::mint(START).unwrap();
    let late = START + 2 * AUTHORITY_SECONDS;
    let turned = first.turned(late).unwrap().unwrap();
    assert_eq!(turned.signer(late).name(), names(&turned)[1]);
}

#[test]
fn what_is_stored_is_read_again_and_anything_else_is_refused() {
    let first = Authorities::mint(START).unwrap();
    assert_eq!(Authorities::read(first.store().unwrap().as_bytes()).unwrap(), first);
    assert!(Authorities::read(b"[]").is_err() && Authorities::read(b"{}").is_err());
    assert!(!format!("{first:?}").contains("PRIVATE"), "a key is not for logs");
}
