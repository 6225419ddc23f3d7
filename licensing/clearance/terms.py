"""The terms that a grant refers to: every version ever offered, word for word, with its hash.

A version, once granted under, is never edited: a change is a new version beside the old one,
because grants and licence records name the words by their SHA-256.
"""

import hashlib
import json
from typing import Any

CURRENT_VERSION = "2027-02"

_TEXTS = {
    "2026-11": """TERMS OF GRANT, version 2026-11

1. You permit Stemma to make variations of the stem you name, for the uses you name, within the
   limits of tempo, key, vocals and mixing you set, in the territories, on the channels and for the
   period you name, and to let people hear them.
2. Nothing is permitted that you have not named. Training of AI models, and uses of your voice as a
   likeness, are uses of their own and never follow from another.
3. Every variation carries a permanent licence record that names its sources and their measured
   shares. What it earns is divided by those shares and by the split sheets effective at the moment
   of each play.
4. You may withdraw at any time. From that moment nothing new is made from the stem, and what was
   made is no longer served. What was earned until then is paid.
5. Copies that people downloaded while that was permitted cannot be called back.
6. You keep all your rights; this permission is neither exclusive nor transferable.
""",
    "2026-12": """TERMS OF GRANT, version 2026-12

1. You permit Stemma to make variations of the stem you name, for the uses you name, within the
   limits of tempo, key, vocals and mixing you set, in the territories, on the channels and for the
   period you name, and to let people hear them.
2. Nothing is permitted that you have not named. Training of AI models, and uses of your voice as a
   likeness, are uses of their own and never follow from another. A permission for your voice ends
   after ten years at the latest.
3. Every variation carries a permanent licence record that names its sources and their measured
   shares. What it earns is divided by those shares and by the split sheets effective at the moment
   of each play.
4. You may withdraw at any time. From that moment nothing new is made from the stem, and what is
   being made stops. You choose what becomes of the variations that are finished: they are no longer
   served, or served until a day you name, or served on. Where you choose nothing, they are no
   longer served. Partners are told, with a day by which their copies must be gone. What was earned
   until then, and after it while they are served, is paid.
5. Copies that people downloaded while that was permitted cannot be called back.
6. You keep all your rights; this permission is neither exclusive nor transferable.
""",
    "2027-01": """TERMS OF GRANT, version 2027-01

1. You permit Stemma to make variations of the stem you name, for the uses you name, within the
   limits of tempo, key, vocals and mixing you set, in the territories, on the channels and for the
   period you name, and to let people hear them.
2. Nothing is permitted that you have not named. Training of AI models, and uses of your voice as a
   likeness, are uses of their own and never follow from another. A permission for your voice ends
   after ten years at the latest.
3. You may ask to hear variations first: as many of the first ones as you say, and later ones that
   go beyond the bounds you set, of use, tempo, key, voices, mixing with others, or the measured
   share of your stem. Such a variation is played to nobody before you approve it, and to nobody
   once you decline it. Silence is no approval. What lies within your bounds is played without
   asking you. You may take an answer back until somebody was played the variation.
4. Where several parties stand on the split sheets of a recording, each of them must permit a use.
   They may agree otherwise, in writing that every one of them signs: that parties with more than
   half of the master shares and more than half of the publishing shares are enough, or that one of
   them speaks for all. While such an agreement counts, a use may be permitted although you have
   not permitted it. It changes nothing that was granted or withdrawn before.
5. Every variation carries a permanent licence record that names its sources and their measured
   shares. What it earns is divided by those shares and by the split sheets effective at the moment
   of each play.
6. You may withdraw at any time. From that moment nothing new is made from the stem under your
   permission, and what is being made stops. You choose what becomes of the variations that are
   finished and rest on it: they are no longer served, or served until a day you name, or served
   on. Where you choose nothing, they are no longer served. Partners are told, with a day by which
   their copies must be gone. What was earned until then, and after it while they are served, is
   paid.
7. Copies that people downloaded while that was permitted cannot be called back.
8. You keep all your rights; this permission is neither exclusive nor transferable.
""",
    "2027-02": """TERMS OF GRANT, version 2027-02

1. You permit Stemma to make variations of the stem you name, for the uses you name, within the
   limits of tempo, key, mix, vocals and mixing with others you set, in the territories, on the
   channels and for the period you name, and to let people hear them.
2. Nothing is permitted that you have not named. Training of AI models, and uses of your voice as a
   likeness, are uses of their own and never follow from another. A permission for your voice ends
   ten years after you gave it at the latest.
3. Where you do not permit it, your stem never sounds together with a recording of others whose
   words are marked as explicit, and never in what a listener's taste profile chose or shaped: there
   listeners choose by hand what is made of it. What was made before a recording was marked stays.
4. You may ask to hear variations first: as many of the first ones as you say, and later ones that
   go beyond the bounds you set, of use, tempo, key, voices, mixing with others, or the measured
   share of your stem. Such a variation is played to nobody before you approve it, and to nobody
   once you decline it. Silence is no approval. What lies within your bounds is played without
   asking you. You may take an answer back until somebody was played the variation.
5. Where several parties stand on the split sheets of a recording, each of them must permit a use.
   They may agree otherwise, in writing that every one of them signs: that parties with more than
   half of the master shares and more than half of the publishing shares are enough, or that one of
   them speaks for all. While such an agreement counts, a use may be permitted although you have
   not permitted it; training of AI models and uses of a voice as a likeness never, which each party
   permits for itself alone. It changes nothing that was granted or withdrawn before.
6. Every variation carries a permanent licence record that names its sources and their measured
   shares. What it earns is divided by those shares and by the split sheets effective at the moment
   of each play, by the rate cards of the month of the play. The rate cards that stand when you sign
   are named in your permission; another one counts from the first day of a month that has not begun
   when it is set.
7. You may withdraw at any time. From that moment nothing new is made from the stem under your
   permission, and what is being made stops. You choose what becomes of the variations that are
   finished and rest on it: they are no longer served, or served until a day you name, or served
   on. Where you choose nothing, they are no longer served. Partners are told, with a day by which
   their copies must be gone. What was earned until then, and after it while they are served, is
   paid.
8. With your signature we keep how you proved who you are, the language of the text you were shown,
   and a digest of the address you signed from, out of which the address cannot be read. You find
   all of it among your consents.
9. Copies that people downloaded while that was permitted cannot be called back.
10. You keep all your rights; this permission is neither exclusive nor transferable.
""",
}


class UnknownTerms(ValueError):
    """There is no such version of the terms."""


def terms_text(version: str = CURRENT_VERSION) -> str:
    """The words of a version; raises UnknownTerms."""
    if version not in _TEXTS:
        raise UnknownTerms(f"There are no terms of version {version}.")
    return _TEXTS[version]


def terms_sha256(version: str = CURRENT_VERSION) -> str:
    """SHA-256 of a version's words in UTF-8, in hex."""
    return hashlib.sha256(terms_text(version).encode()).hexdigest()


def canonical_sha256(value: Any) -> str:
    """SHA-256 of plain data as JSON with sorted keys and no white space, in hex."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
