//! Positions in UTF-16, against a count that is as plain as can be. The server itself is tested as a whole program.

use lsp_types::{Position, Range};
use proptest::prelude::*;

use super::text::Text;

fn at(line: u32, character: u32) -> Position {
    Position { line, character }
}

/// Line and column of a byte, counted character by character.
fn counted(text: &str, offset: usize) -> Position {
    let (mut line, mut character) = (0, 0);
    let mut before = text[..offset].chars().peekable();
    let next = text[offset..].chars().next();
    while let Some(one) = before.next() {
        let follows = before.peek().copied().or(next);
        if one == '\n' || one == '\r' && follows != Some('\n') {
            (line, character) = (line + 1, 0);
        } else {
            character += u32::try_from(one.len_utf16()).unwrap();
        }
    }
    at(line, character)
}

#[test]
fn a_character_outside_of_the_basic_plane_is_two_units() {
    let text = Text::new("a😀b\n€ü".to_owned());
    assert_eq!(
        [1, 5, 6, 7, 10].map(|offset| text.position(offset)),
        [at(0, 1), at(0, 3), at(0, 4), at(1, 0), at(1, 1)]
    );
    assert_eq!([at(0, 1), at(0, 3), at(1, 2)].map(|position| text.offset(position)), [1, 5, 12]);
}

#[test]
fn a_position_that_is_none_is_moved_to_one_before_it() {
    let text = Text::new("a😀\r\nb\rc".to_owned());
    assert_eq!(text.offset(at(0, 2)), 1, "between the halves of a character");
    assert_eq!(text.offset(at(0, 99)), 5, "behind the end of its line");
    assert_eq!(text.offset(at(2, 0)), 9, "a carriage return ends a line");
    assert_eq!(text.offset(at(99, 0)), 10);
    assert_eq!(text.position(99), at(2, 1));
}

#[test]
fn a_change_replaces_its_range_or_everything() {
    let mut text = Text::new("{\"a\": \"😀\"}".to_owned());
    text.change(Some(Range { start: at(0, 7), end: at(0, 9) }), "x\ny");
    assert_eq!(text.as_str(), "{\"a\": \"x\ny\"}");
    text.change(Some(Range { start: at(1, 1), end: at(0, 0) }), "!");
    assert_eq!(text.as_str(), "{\"a\": \"x\ny!\"}", "a range that ends before it starts is empty");
    text.change(None, "new");
    assert_eq!(text.as_str(), "new");
}

proptest! {
    /// Lines longer than a block too: what is counted at once has to agree with counting.
    #[test]
    fn every_place_has_its_position_and_back(
        pieces in proptest::collection::vec("[a😀ü€\n\r ]{0,8}", 0..8),
        repeat in 1_usize..120,
    ) {
        let text: String = pieces.iter().map(|piece| piece.repeat(repeat)).collect();
        let indexed = Text::new(text.clone());
        let boundaries = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        for offset in boundaries.step_by(1 + text.len() / 200) {
            let position = indexed.position(offset);
            prop_assert_eq!(position, counted(&text, offset), "{}", offset);
            let is_within_break = text[..offset].ends_with('\r') && text[offset..].starts_with('\n');
            let back = indexed.offset(position);
            prop_assert_eq!(back, offset - usize::from(is_within_break));
        }
    }

    #[test]
    fn any_change_is_taken(
        text in ".{0,40}",
        new in ".{0,8}",
        places in proptest::array::uniform4(0_u32..50),
    ) {
        let mut text = Text::new(text);
        let [line, character, to_line, to_character] = places;
        text.change(Some(Range { start: at(line / 10, character), end: at(to_line / 10, to_character) }), &new);
        prop_assert!(text.as_str().contains(&new));
    }
}
