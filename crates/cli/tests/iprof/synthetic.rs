//! `synth`.

use crate::support::Folder;

#[test]
fn a_made_up_profile_is_valid_and_of_the_size_asked_for() {
    let folder = Folder::new();
    let ran = folder.run("synth --megabytes 1 --seed 7 --output @a.iprof").good();
    assert_eq!((ran.output.as_str(), ran.errors.as_str()), ("", ""));
    let ran = folder.run("check -o json @a.iprof").good();
    let bytes = ran.json()["files"][0]["profile"]["bytes"].as_u64().unwrap();
    assert!((900_000..1_200_000).contains(&bytes), "{bytes}");
}

#[test]
fn equal_arguments_give_equal_bytes_and_others_do_not() {
    let folder = Folder::new();
    let text = |arguments: &str| folder.run(&format!("synth --megabytes 1 {arguments} --output -")).good().output;
    let first = text("--seed 1");
    assert!(first == text("--seed 1 --order same --image 0"));
    for other in ["--seed 2", "--seed 1 --order shuffled", "--seed 1 --image 1"] {
        assert!(first != text(other), "{other}");
    }
}

#[test]
fn a_name_in_gz_asks_for_gzip() {
    let folder = Folder::new();
    folder.run("synth --megabytes 1 --seed 1 --output @a.iprof.gz").good();
    folder.run("synth --megabytes 1 --seed 1 --output @a.iprof").good();
    assert_eq!(std::fs::read(folder.path("a.iprof.gz")).unwrap()[..2], [0x1f, 0x8b]);
    folder.run("diff @a.iprof @a.iprof.gz").good();
}
