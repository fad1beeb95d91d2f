//! Files that lie.

use super::*;

fn graph() -> Graph {
    network("integer", "binary", "1x2x2", 1)
}

fn refused(bytes: &[u8]) -> String {
    Scratch::new(bytes).refused(&graph(), &Options::default())
}

#[test]
fn every_cut_of_a_file_is_refused() {
    let array = bytes(&[3, 1, 2, 2], &[1; 12]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let whole = npz(&[("x", array.clone()), ("y", longs(&[1]))], method);
        for cut in 0..whole.len() {
            assert!(refused(&whole[..cut]).starts_with("E0701"), "{cut}");
        }
    }
    for cut in 0..array.len() {
        assert!(refused(&array[..cut]).starts_with("E0701"), "{cut}");
    }
}

#[test]
fn no_damaged_byte_makes_it_panic() {
    let list = ["t", "x", "y"].map(|name| (name, longs(&[0, 1, 1])));
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        for whole in [npz(&[("x", bytes(&[3, 1, 2, 2], &[1; 12]))], method), npz(&list, method)] {
            let (mut read, mut not) = (0, 0);
            for at in 0..whole.len() {
                for flip in [0xff, 0x01, 0x20] {
                    let mut damaged = whole.clone();
                    damaged[at] ^= flip;
                    match Scratch::new(&damaged).load(&graph(), &Options::default()) {
                        Ok(_) => read += 1,
                        Err(_) => not += 1,
                    }
                }
            }
            // Time stamps and the like do not matter.
            assert!(read > 0 && not > whole.len(), "{read} {not}");
        }
    }
}

#[test]
fn a_header_that_claims_more_than_the_file_has_is_refused_before_it_is_followed() {
    let huge = npy("|u1", &[1 << 50, 1, 2, 2], &[0; 16]);
    let told = refused(&huge);
    assert!(told.contains("ends too early"), "{told}");
    let in_archive = npz(&[("x", huge)], CompressionMethod::Deflated);
    assert!(refused(&in_archive).contains("ends too early"));
    // More than it says is as wrong.
    assert!(refused(&bytes(&[1, 1, 2, 2], &[0; 5])).contains("more bytes"));
    // An archive that claims the size, too: compressed bytes cannot be so many.
    let mut lying = npz(&[("x", bytes(&[1, 1, 2, 2], &[0; 4]))], CompressionMethod::Deflated);
    let size = u32::try_from(header::write("|u1", &[1, 1, 2, 2]).len() + 4).unwrap().to_le_bytes();
    let places: Vec<usize> = (0..lying.len() - 4).filter(|k| lying[*k..*k + 4] == size).collect();
    for at in places {
        lying[at..at + 4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    }
    let told = refused(&lying);
    assert!(told.starts_with("E0701"), "{told}");
}

#[test]
fn a_bomb_is_read_in_small_pieces() {
    // 64 MiB of zeros in some 64 KiB.
    let steps = 1 << 24;
    let bomb = npz(&[("x", bytes(&[steps, 1, 2, 2], &vec![0; 4 * steps]))], CompressionMethod::Deflated);
    assert!(bomb.len() < 1 << 17);
    let scratch = Scratch::new(&bomb);
    let file = scratch.open(&graph(), &Options::default()).unwrap();
    let mut pieces = file.pieces().unwrap();
    let size = Size { piece: 1 << 16, batch: 1 << 16, beside: 0 };
    let mut count = 0;
    while let Some(piece) = pieces.next(size).unwrap() {
        assert!(piece.bytes() <= 1 << 16);
        count += 1;
    }
    assert_eq!(count, 1 << 10);
}

#[test]
fn damage_in_the_elements_is_found_by_the_check_sum() {
    let mut whole = npz(&[("x", bytes(&[64, 1, 2, 2], &[1; 256]))], CompressionMethod::Stored);
    let at = whole.windows(8).rposition(|w| w == [1; 8]).unwrap();
    whole[at] = 0;
    let told = refused(&whole);
    assert!(told.contains("check sum"), "{told}");
}

#[test]
fn folders_pipes_and_other_files_are_refused() {
    let graph = graph();
    let open = |path: &str| told(&SampleFile::open(path.as_ref(), &graph, &Options::default()).unwrap_err());
    assert!(open("/dev/zero").starts_with("E0001"));
    assert!(open(".").starts_with("E0001"));
    assert!(open("/no/such/file").starts_with("E0001"));
    assert!(refused(b"").starts_with("E0701"));
    assert!(refused(b"PK\x05\x06").starts_with("E0701"));
    assert!(refused(&[0; 4096]).starts_with("E0701"));
}
