use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{StateKey, Store, StoreError};

#[test]
fn keeps_the_contract_of_an_object_store() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("store.redb")).unwrap();
    fcp_core::store::check_object_store(&mut store).unwrap();
}

#[test]
fn is_closed_to_other_users() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    drop(Store::open(&path).unwrap());
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    drop(Store::open(&path).unwrap());
    assert_eq!(mode(), 0o600);
}

/// A disk of 8 MiB in memory, gone with the value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Nothing, where mounting is not allowed.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", "size=8m", "fcp-test"]).arg(folder.path()).output();
        mount.is_ok_and(|done| done.status.success()).then(|| Self(folder))
    }

    /// Takes all the room that is left, with a file that can be removed.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.0.path().join("filler")).unwrap();
        for piece in [vec![0; 65_536], vec![0; 1]] {
            while filler.write_all(&piece).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.path().join("filler")).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[test]
fn goes_on_after_a_full_disk_has_room_again() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("SKIPPED: mounting a small disk is not allowed here, so nothing was tested");
        return;
    };
    let path = disk.path().join("store.redb");
    let key = |name| StateKey::new("test", name);
    let large = |byte| vec![byte; 1024 * 1024];
    let store = Store::open(&path).unwrap();
    store.put_state(&key("before"), &large(1_u8)).unwrap();
    disk.fill();
    for _ in 0..3 {
        let mut refused = 0;
        // The file has some room of its own.
        for byte in 2..6 {
            match store.put_state(&key("during"), &large(byte)) {
                Ok(()) => {}
                Err(StoreError::Full) => refused += 1,
                Err(other) => panic!("{other}"),
            }
            assert_eq!(store.state::<Vec<u8>>(&key("before")).unwrap(), Some(large(1)), "a full disk can be read");
        }
        assert!(refused > 0, "the disk is not full");
    }
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.state::<Vec<u8>>(&key("before")).unwrap(), Some(large(1)), "a full disk can be opened");
    let refused = (0..4).filter(|_| store.put_state(&key("during"), &large(7)).is_err()).count();
    assert!(refused > 0, "the disk is not full");

    disk.make_room();
    store.put_state(&key("after"), &large(9)).unwrap();
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.state::<Vec<u8>>(&key("before")).unwrap(), Some(large(1)));
    assert_eq!(store.state::<Vec<u8>>(&key("after")).unwrap(), Some(large(9)));
}
