"""Instants in words, in the reader's language and zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_location, get_timezone_name
from babel.support import Translations

_DATE = "EEEE d MMMM y"
_TIME = "HH:mm"


class LocalTime:
    """Dates in the words of one language. An unknown zone counts as UTC, so that a letter is never lost to it."""

    def __init__(self, locale: Locale, translations: Translations) -> None:
        self._locale = locale
        self._translations = translations

    def moment(self, instant: datetime | None, zone: str) -> str:
        """`Thursday 14 January 2027, 15:00 (London time)`; empty without an instant."""
        return self._words(instant, None, _zone(zone)) if instant else ""

    def place(self, zone: str) -> str:
        """The city that names a zone; empty without one."""
        return self._city(_zone(zone)) if zone else ""

    def session(self, starts_at: datetime | None, ends_at: datetime | None, zones: tuple[str, ...]) -> tuple[str, ...]:
        """From when until when, one line for each zone whose clocks differ from those before it."""
        if starts_at is None:
            return ()
        by_offset: dict[timedelta | None, ZoneInfo] = {}
        for zone in map(_zone, filter(None, zones)):
            by_offset.setdefault(starts_at.astimezone(zone).utcoffset(), zone)
        texts = (self._words(starts_at, ends_at, zone) for zone in by_offset.values())
        return tuple(text[:1].upper() + text[1:] for text in texts)

    def _words(self, starts_at: datetime, ends_at: datetime | None, zone: ZoneInfo) -> str:
        local = starts_at.astimezone(zone)
        time = format_time(local, _TIME, locale=self._locale)
        if ends_at is not None:
            time = f"{time}–{format_time(ends_at.astimezone(zone), _TIME, locale=self._locale)}"
        return self._translations.gettext("%(date)s, %(time)s (%(zone)s)") % {
            "date": format_date(local, _DATE, locale=self._locale),
            "time": time,
            "zone": self._zone_name(local, zone),
        }

    def _zone_name(self, local: datetime, zone: ZoneInfo) -> str:
        if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
            # The hour that clocks go through twice: a city alone would not say which.
            return get_timezone_name(local, locale=self._locale)
        city = self._city(zone)
        if "/" not in zone.key or zone.key.startswith("Etc/"):
            return city
        return self._translations.gettext("%(city)s time") % {"city": city}

    def _city(self, zone: ZoneInfo) -> str:
        return get_timezone_location(zone, locale=self._locale, return_city=True).rpartition("/")[2]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(UTC.tzname(None))
