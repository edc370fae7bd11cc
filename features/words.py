"""Job titles reduced to seniority and e-mail addresses to the type of their domain: all that is kept of either."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

SENIORITY = ("executive", "director", "manager", "specialist", "student", "unknown")
DOMAIN = ("company", "free", "academic", "government", "disposable", "unknown")

# Words are English and French, lower case, without accents. The first rule that matches wins.
_STUDENT = r"student|etudiante?|intern|trainee|stagiaire|apprentie?|alternante?|apprentice|eleve|doctorante?"
_DEPUTY = r"assistant (?:general )?manager|deputy manager|directeur adjoint|directrice adjointe|adjointe? au directeur"
_SUPPORT = r"(?:executive|personal) assistant|assistante? (?:de|du|to|of) .*|account executive|sales executive"
_EXECUTIVE = (
    r"c[efimtors]o|c[dhmp]o|ciso|chief|president|presidente|pdg|dg|founder|cofounder|co founder|owner|proprietor"
    r"|fondateur|fondatrice|cofondateur|cofondatrice|gerante?|associe|associee|partner|proprietaire"
    r"|managing director|directeur general|directrice generale|general manager|board member"
    r"|administrateur delegue|chairman|chairwoman"
)
_DIRECTOR = (
    r"director|directeur|directrice|vp|svp|evp|avp|head|drh|daf|dsi|rssi|dircom"
    r"|principal|dean|doyen|doyenne"
)
_MANAGER = (
    r"manager|management|managing|lead|leader|team leader|supervisor|responsable|chef|cheffe|encadrante?"
    r"|superviseur|superviseuse|coordinator|coordinateur|coordinatrice|superintendent|cadre"
)
_SPECIALIST = (
    r"engineer|developer|analyst|consultant|specialist|architect|scientist|administrator|officer|associate"
    r"|assistant|representative|technician|designer|buyer|accountant|advisor|adviser|agent|clerk|executive|expert"
    r"|researcher|teacher|professor|lecturer|nurse|doctor|lawyer|secretary|planner|programmer|recruiter"
    r"|freelancer?|sales|rep|ingenieure?|developpeur|developpeuse|analyste|consultante|specialiste|architecte"
    r"|assistante|commerciale?|technicien|technicienne|acheteur|acheteuse|comptable|conseiller|conseillere"
    r"|chargee?|attachee?|gestionnaire|experte|chercheur|chercheuse|enseignante?|professeure?|avocate?|juriste"
    r"|secretaire|medecin|infirmiere?|employee?|vendeur|vendeuse|programmeur|programmeuse|independante?"
    r"|technico commerciale?"
)
_RULES = (
    ("student", _STUDENT),
    ("director", r"vice presidente?"),
    ("manager", _DEPUTY),
    ("specialist", _SUPPORT),
    ("executive", _EXECUTIVE),
    ("director", _DIRECTOR),
    ("manager", _MANAGER),
    ("specialist", _SPECIALIST),
)
_PATTERNS = tuple((level, re.compile(rf"\b(?:{words})\b")) for level, words in _RULES)

_FREE = re.compile(
    r"gmail|googlemail|yahoo|ymail|rocketmail|hotmail|live|outlook|msn|aol|icloud|gmx|mail|yandex|protonmail|zoho"
    r"|tutanota|tuta|fastmail|hey|inbox|hushmail|orange|wanadoo|free|laposte|sfr|neuf|bbox|numericable|bluewin"
    r"|libero|virgilio|t-online|freenet|arcor|qq|163|126|sina|naver|daum|hanmail|rediffmail|mailo"
)
_FREE_DOMAINS = frozenset({"proton.me", "pm.me", "me.com", "mac.com", "mail.ru", "list.ru", "bk.ru", "web.de", "ya.ru"})
_DISPOSABLE = re.compile(
    r"mailinator|yopmail|guerrillamail|guerrillamailblock|sharklasers|10minutemail|tempmail|temp-mail|trashmail"
    r"|getnada|maildrop|dispostable|throwawaymail|fakeinbox|mintemail|mohmal|jetable|mailnesia|spamgourmet|moakt"
    r"|emailondeck|mytemp|tempail|burnermail|discard|33mail|mailcatch"
)
_ACADEMIC = re.compile(r"(?:\.edu|\.edu\.[a-z]{2}|\.ac\.[a-z]{2})$|(?:^|\.)(?:univ|uni|ens)-|universit|(?:^|\.)etu\.")
_GOVERNMENT = re.compile(r"(?:\.gov|\.mil|\.gov\.[a-z]{2}|\.gouv\.[a-z]{2}|\.gc\.ca|\.europa\.eu|\.admin\.ch)$|^gouv\.")
_ADDRESS = re.compile(r"[^@\s]+@((?:[\w-]+\.)+[\w-]{2,})")


@lru_cache(maxsize=1 << 16)
def seniority(title: str) -> str:
    """One of `SENIORITY`; ``unknown`` where no word of the title is known.

    >>> [seniority(title) for title in ("VP Sales", "Directrice générale", "Chef de projet", "Étudiant", "Wizard")]
    ['director', 'executive', 'manager', 'student', 'unknown']
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    plain = " ".join(re.findall(r"[a-z0-9]+", plain.replace(".", "")))
    return next((level for level, pattern in _PATTERNS if pattern.search(plain)), "unknown")


@lru_cache(maxsize=1 << 16)
def domain_type(address: str) -> str:
    """One of `DOMAIN`; ``unknown`` where this is no e-mail address.

    >>> [domain_type(a) for a in ("a@gmail.com", "a@acme.fr", "a@univ-lille.fr", "a@impots.gouv.fr", "a@yopmail.com")]
    ['free', 'company', 'academic', 'government', 'disposable']
    """
    found = _ADDRESS.fullmatch(address.strip().lower())
    if found is None:
        return "unknown"
    domain = found[1]
    name = domain.split(".")[0] if domain.count(".") == 1 else domain.split(".")[-3]
    if _DISPOSABLE.fullmatch(name):
        return "disposable"
    if domain in _FREE_DOMAINS or (_FREE.fullmatch(name) and _consumer(domain)):
        return "free"
    if _GOVERNMENT.search("." + domain):
        return "government"
    return "academic" if _ACADEMIC.search(domain) else "company"


def _consumer(domain: str) -> bool:
    """Mailbox providers own ``name.tld`` and ``name.co.tld``; ``mail.acme.com`` is Acme's own server."""
    parts = domain.split(".")
    return len(parts) == 2 or (len(parts) == 3 and len(parts[1]) <= 3)  # noqa: PLR2004  labels of a domain
