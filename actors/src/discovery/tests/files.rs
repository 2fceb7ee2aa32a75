use super::*;

#[test]
fn a_file_is_read_when_two_looks_agree() {
    let dir = std::env::temp_dir().join(format!("trunkline-watch-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("backends.toml");
    let mut watch = Watch::default();
    let look = |watch: &mut Watch| watch.look(Stamp::of(&file).ok());
    assert_eq!(look(&mut watch), Look::Nothing);
    std::fs::write(&file, "a").unwrap();
    assert_eq!(look(&mut watch), Look::Nothing, "it may be half written");
    assert_eq!(look(&mut watch), Look::Read);
    assert_eq!(look(&mut watch), Look::Nothing);
    std::fs::write(&file, "longer").unwrap();
    assert_eq!(look(&mut watch), Look::Nothing);
    std::fs::write(&file, "longer still").unwrap();
    assert_eq!(look(&mut watch), Look::Nothing, "it has changed again");
    assert_eq!(look(&mut watch), Look::Read);
    // Put into place by a rename, with the same size.
    std::fs::write(dir.join("next"), "LONGER STILL").unwrap();
    std::fs::rename(dir.join("next"), &file).unwrap();
    assert_eq!(look(&mut watch), Look::Nothing);
    assert_eq!(look(&mut watch), Look::Read);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(look(&mut watch), Look::Gone);
    assert_eq!(look(&mut watch), Look::Nothing);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_file_that_was_read_at_the_start_is_not_read_again() {
    let mut watch = Watch::default();
    let stamp = Stamp::of(std::path::Path::new("/dev/null")).ok();
    watch.was_read(stamp);
    assert_eq!(watch.look(stamp), Look::Nothing);
}
