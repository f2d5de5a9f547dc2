//! Each target on its kept corpus, which also holds what once broke something.
#![expect(clippy::print_stdout, reason = "a failure is shown with the name of its input")]

use std::{fs, path::PathBuf};

use fuzz::TARGETS;

const MAX_FILES: usize = 100;
const MAX_BYTES: usize = 1024;

#[test]
fn every_target_holds_on_its_corpus_which_is_small() {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files = 0;
    for target in TARGETS {
        let mut inputs: Vec<_> =
            fs::read_dir(corpus.join(target.name)).unwrap().map(|file| file.unwrap().path()).collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        files += inputs.len();
        for path in inputs {
            let input = fs::read(&path).unwrap();
            assert!(input.len() < MAX_BYTES, "{path:?} has {} bytes", input.len());
            println!("{path:?}");
            (target.run)(&input);
        }
    }
    assert!(files < MAX_FILES, "{files} files");
}
