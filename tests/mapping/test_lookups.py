import pytest

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.mapping.lookup import Lookup, read_lookup

FILE = "lookups/cards.csv"


def read(text: str) -> Lookup:
    return read_lookup(text, FILE, "cards")


def test_rows_keep_their_values_and_lines() -> None:
    found = read('\ufeffkey,value\nvisa,1\n\n"a,b","x\ny"\nmc,2\n')
    rows = {key: (row.values["value"], row.place.line) for key, [row] in found.rows.items()}
    assert rows == {"visa": ("1", 2), "a,b": ("x\ny", 5), "mc": ("2", 6)}
    assert not found.dated


def test_the_only_column_or_the_one_named_value_needs_no_name() -> None:
    place = Place("m.yaml", 1)
    assert read("key,code\na,1").column("", place) == "code"
    assert read("key,value,code\na,1,2").column("", place) == "value"
    assert read("key,value,code\na,1,2").column("code", place) == "code"
    with pytest.raises(Misconfigured, match="Say which one, column: code or name"):
        read("key,code,name\na,1,2").column("", place)
    with pytest.raises(Misconfigured, match=r"no column 'cod'. Did you mean 'code'"):
        read("key,code\na,1").column("cod", place)


def test_a_key_may_stand_again_for_other_days() -> None:
    found = read("key,value,from,to\na,2,2026-02-01,\na,1,,2026-01-31\n")
    assert [row.values["value"] for row in found.rows["a"]] == ["1", "2"]
    assert found.dated


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"{FILE}:1: The file has no header."),
        ("code,value\n", f"{FILE}:1: The first column is 'code'; it has to be key."),
        ("key\n", f"{FILE}:1: The header needs key and value columns"),
        ("key,from\n", "The header needs key and value columns"),
        ("key,value,value\n", "each with a name of its own"),
        ("key,value,\n", "each with a name of its own"),
        ("key,value\na\n", f"{FILE}:2: The row has 1 values; the header has 2."),
        ("key,value\na,b,c\n", f"{FILE}:2: The row has 3 values; the header has 2."),
        ("key,value\n,1\n", f"{FILE}:2 key: The key '' is empty or has spaces around it."),
        ("key,value\nvisa ,1\n", f"{FILE}:2 key: The key 'visa ' is empty or has spaces"),
        ("key,value\na,1\nb,1\na,2\n", f"{FILE}:4 key: The key 'a' stands in line 2 and again"),
        ("key,value,from\na,1,2026-1-1\n", f"{FILE}:2 from: '2026-1-1' is not a date."),
        ("key,value,from,to\na,1,2026-02-01,2026-01-01\n", f"{FILE}:2 to: The row ends"),
        (
            "key,value,from,to\na,1,,2026-01-31\na,2,2026-01-31,\n",
            f"{FILE}:3 key: The key 'a' stands in line 2 and again here, for the same days.",
        ),
        ('key,value\na,"1', f"{FILE}:2: This is not CSV"),
        ("key,value\na," + "x" * 200_000, f"{FILE}:2: This is not CSV: field larger"),
        ("key,value\n" + "a" * 16_000_000, f"{FILE}: The file has 16,000,010 characters"),
    ],
)
def test_a_wrong_table_is_refused_at_its_line(text: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read(text)
    assert message in str(caught.value)


def test_a_table_has_a_bounded_number_of_rows() -> None:
    rows = "".join(f"{number},x\n" for number in range(200_001))
    with pytest.raises(Misconfigured, match=f"{FILE}:200002: .* more than 200,000 rows"):
        read(f"key,value\n{rows}")
