"""Every policy and every field of it has words in both languages: the console makes its forms out of them."""

import msgspec
import pytest

from daeri.rulebook import KINDS
from daeri.web.words import Language, read_words


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_policy_and_its_fields_have_words(name: str, language: Language) -> None:
    words = read_words(language)
    keys = ["name", "text", *(field.encode_name for field in msgspec.structs.fields(KINDS[name]))]
    assert [key for key in keys if f"ops.policy.{name}.{key}" not in words] == []
