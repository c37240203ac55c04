use std::{io::Write as _, os::unix::fs::MetadataExt};

use anneal_protocol::{
    depot::{Readable, Writable},
    problem::ProblemCode,
};
use flate2::{Compression, write::GzEncoder};

use super::{Error, Expected, Form, upload::Stored};
use crate::{
    depot::tests::some_work,
    digest,
    inputs::plain,
    testing::{Backend, Fault, Pod, sha256},
};

fn jar(bytes: &[u8]) -> Readable {
    Readable::Jar { sha256: sha256(bytes) }
}

const ARTIFACT: &[u8] = b"an executable";

fn artifact() -> Writable {
    Writable::Artifact { build_key: "k".to_owned() }
}

#[tokio::test]
async fn an_object_arrives_whole() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let bytes = vec![7; 3 << 20];
    backend.put(&jar(&bytes), &bytes);
    let target = pod.settings.workspace.jar();
    let expected = plain(&sha256(&bytes));
    let content = pod.transfer().fetch(&jar(&bytes), &expected, &target).await.unwrap();
    assert_eq!(content.bytes, 3 << 20);
    assert_eq!(std::fs::read(target).unwrap(), bytes);
}

#[tokio::test]
async fn a_verified_file_is_used_again_without_the_depot() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    backend.put(&jar(b"jar"), b"jar");
    let target = pod.settings.workspace.jar();
    let expected = plain(&sha256(b"jar"));
    pod.transfer().fetch(&jar(b"jar"), &expected, &target).await.unwrap();
    let inode = std::fs::metadata(&target).unwrap().ino();
    backend.facts().grant_faults.push_back(Fault::Refuse(ProblemCode::Forbidden));
    pod.transfer().fetch(&jar(b"jar"), &expected, &target).await.unwrap();
    assert_eq!(backend.facts().grants.len(), 1);
    assert_eq!(std::fs::metadata(&target).unwrap().ino(), inode);
}

#[tokio::test]
async fn a_damaged_file_is_fetched_again() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    backend.put(&jar(b"jar"), b"jar");
    let target = pod.settings.workspace.jar();
    std::fs::write(&target, b"jaR").unwrap();
    pod.transfer().fetch(&jar(b"jar"), &plain(&sha256(b"jar")), &target).await.unwrap();
    assert_eq!(std::fs::read(target).unwrap(), b"jar");
}

#[tokio::test]
async fn a_cut_or_refused_download_is_tried_again_with_a_new_grant() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    backend.put(&jar(b"some jar"), b"some jar");
    backend
        .facts()
        .store_faults
        .extend([Fault::Cut, Fault::Status(503), Fault::Status(403)]);
    let target = pod.settings.workspace.jar();
    let expected = plain(&sha256(b"some jar"));
    pod.transfer().fetch(&jar(b"some jar"), &expected, &target).await.unwrap();
    assert_eq!(backend.facts().grants.len(), 4);
    assert_eq!(std::fs::read(target).unwrap(), b"some jar");
}

#[tokio::test]
async fn other_bytes_are_never_taken() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    backend.put(&jar(b"jar"), b"another");
    let target = pod.settings.workspace.jar();
    let expected = plain(&sha256(b"jar"));
    let error = pod.transfer().fetch(&jar(b"jar"), &expected, &target).await.unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    assert_eq!(backend.facts().grants.len(), 3);
    assert!(!target.exists());
}

#[tokio::test]
async fn more_than_the_limit_is_not_written() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    backend.put(&jar(b"jar"), &[0; 100]);
    let expected = Expected {
        limit: 99,
        ..plain(&sha256(&[0; 100]))
    };
    let target = pod.settings.workspace.jar();
    let error = pod.transfer().fetch(&jar(b"jar"), &expected, &target).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 99 }), "{error}");
}

#[tokio::test]
async fn a_packed_object_is_known_by_what_it_holds() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(b"a profile").unwrap();
    let packed = packed.finish().unwrap();
    let object = Readable::Profile {
        build_key: "k".to_owned(),
        digest: sha256(b"a profile"),
    };
    let expected = Expected {
        form: Form::Packed,
        ..plain(&sha256(b"a profile"))
    };
    let target = pod.settings.workspace.merged_profile();
    for stored in [packed.as_slice(), b"a profile"] {
        backend.put(&object, stored);
        pod.transfer().fetch(&object, &expected, &target).await.unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"a profile");
        std::fs::remove_file(&target).unwrap();
    }

    let small = Expected {
        limit: packed.len() as u64 - 21,
        ..expected
    };
    let error = pod.transfer().fetch(&object, &small, &target).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_bomb_ends_at_the_limit() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![0; 8 << 20]).unwrap();
    let object = Readable::Profile {
        build_key: "k".to_owned(),
        digest: "00".to_owned(),
    };
    backend.put(&object, &packed.finish().unwrap());
    let expected = Expected {
        form: Form::Packed,
        limit: 1 << 20,
        ..plain("00")
    };
    let target = pod.settings.workspace.merged_profile();
    let error = pod.transfer().fetch(&object, &expected, &target).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_file_is_stored_with_its_length_and_the_grants_headers() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let file = pod.settings.workspace.executable();
    std::fs::write(&file, ARTIFACT).unwrap();
    let content = digest::of_bytes(ARTIFACT);
    let stored = pod.transfer().store(&artifact(), &file, &content).await.unwrap();
    assert_eq!(stored, Stored::New);
    assert_eq!(backend.written(&artifact()).unwrap(), ARTIFACT);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_success_at_the_next_try() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let file = pod.settings.workspace.executable();
    std::fs::write(&file, ARTIFACT).unwrap();
    backend.facts().store_faults.push_back(Fault::TakeAndFail);
    let content = digest::of_bytes(ARTIFACT);
    let stored = pod.transfer().store(&artifact(), &file, &content).await.unwrap();
    assert_eq!(stored, Stored::Present);
    assert_eq!(backend.facts().grants.len(), 2);
}

#[tokio::test]
async fn a_function_that_is_being_deleted_gets_no_second_try() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    backend.facts().grant_faults.push_back(Fault::Refuse(ProblemCode::Gone));
    let file = pod.settings.workspace.executable();
    std::fs::write(&file, ARTIFACT).unwrap();
    let content = digest::of_bytes(ARTIFACT);
    let error = pod.transfer().store(&artifact(), &file, &content).await.unwrap_err();
    assert!(error.is_gone());
    assert_eq!(backend.facts().grants.len(), 1);
}

#[tokio::test]
async fn no_error_names_the_grants_url() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    backend.facts().store_faults.extend(std::iter::repeat_n(Fault::Status(500), 10));
    let target = pod.settings.workspace.jar();
    let error = pod.transfer().fetch(&jar(b"jar"), &plain("00"), &target).await.unwrap_err();
    assert!(!crate::chain(&error).contains("secret"), "{}", crate::chain(&error));
}
