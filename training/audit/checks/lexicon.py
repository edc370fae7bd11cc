"""Words by which personal and protected values are recognised, in English and French."""

from __future__ import annotations

import re
import unicodedata


def plain(text: str) -> str:
    """In small letters without accents, so that a word is found however it was typed.

    >>> plain("Civilité "), plain("Mme.")
    ('civilite', 'mme')
    """
    bare = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return bare.strip().rstrip(".")


def _words(text: str) -> frozenset[str]:
    return frozenset(plain(word) for word in text.split())


PATTERNS = {
    "e-mail addresses": re.compile(r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"),
    "phone numbers": re.compile(r"^(?=(?:\D*\d){8,15}\D*$)(?:\+|00?|\()[\d\s().\-/]+$"),
    "dates of birth": re.compile(r"^(?:(?:19[2-9]\d|200\d)-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.](?:19[2-9]\d|200[0-8]))$"),
    "numbers of social security": re.compile(
        r"^(?:[12]\s?\d{2}\s?(?:0[1-9]|1[0-2])\s?\d{2}\s?\d{3}\s?\d{3}|\d{3}-\d{2}-\d{4})"
    ),
}

PROTECTED = {
    "words for sex or gender": _words(
        """
        m f h male female man woman men women homme femme masculin féminin feminin non-binary non-binaire
        diverse mr mrs ms mx miss mister madam sir monsieur madame mademoiselle mme mlle herr frau dame girl boy
        garçon fille masc fem masculine feminine
        """
    ),
    "words for family status": _words(
        """
        single married divorced widowed separated engaged célibataire marié mariée divorcé divorcée veuf
        veuve séparé séparée pacsé pacsée concubinage
        """
    ),
    "words for a belief": _words(
        """
        christian catholic protestant orthodox muslim islam hindu hinduism sikh jewish jew buddhist atheist
        agnostic jain chrétien chrétienne catholique protestante musulman musulmane juif juive bouddhiste
        athée agnostique
        """
    ),
    "words for an origin": _words(
        """
        white black asian hispanic latino latina caucasian african african-american arab indigenous mixed
        blanc blanche noir noire asiatique arabe métis métisse maghrébin maghrébine
        """
    ),
    "words for a disability": _words(
        """
        disabled non-disabled handicapped able-bodied handicapé handicapée valide invalide
        """
    ),
}

FIRST_NAMES = _words(
    """
        james john robert michael william david richard joseph thomas charles christopher daniel matthew
        anthony mark paul steven andrew kevin brian george edward peter ben sam alex jack harry oliver mary
        patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy margaret sandra
        emily emma olivia anna kate laura julia amy helen alice jean pierre michel jacques philippe andré
        bernard alain françois marc nicolas julien antoine alexandre maxime lucas hugo louis jules gabriel
        arthur paul léo mathieu guillaume laurent éric olivier stéphane christophe frédéric luc marie anne
        sophie isabelle catherine nathalie sylvie françoise monique martine valérie sandrine céline julie
        camille manon léa chloé inès jeanne louise claire hélène émilie aurélie pauline mathilde lucie
        juliette élodie charlotte mohamed ahmed ali youssef fatima aïcha karim nadia leila omar maria jose
        juan carlos luis ana carmen priya rahul amit anita wei li yuki hans peter klaus anja sabine marco
        luca giulia
        """
)

NEUTRAL = _words(
    """
        dr prof professor pr professeur doctor docteur maître other autre unknown inconnu unspecified undisclosed
        """
)
"""Words beside those of a trait that say nothing of it; they count neither for nor against."""

COLOURS = _words("white black mixed blanc blanche noir noire")
"""Words for an origin that are also those of products: alone they say nothing about people."""

IDENTIFYING_NAMES = re.compile(
    r"\b(first ?name|last ?name|surname|full name|phone|mobile|e ?mail|social security|prenom|nom de famille|telephone"
    r"|portable|courriel)\b"
)
