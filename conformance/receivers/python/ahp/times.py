"""Times in text (AHP-TIME-7): RFC 3339 in UTC, whole seconds or three decimals, of a day that exists. Raises ValueError."""

import calendar
import datetime
import re

_FORM = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{3})?Z\Z")


def seconds_of(text: str, has_decimals: bool = False) -> int:
    """Whole seconds since 1970; decimals are cut."""
    found = _FORM.match(text)
    if found is None or (found.group(7) is not None) != has_decimals:
        raise ValueError("not a time of this form")
    year, *rest = [int(part) for part in found.groups()[:6]]
    if year == 0:  # which datetime does not know: the calendar repeats after 400 years, 146,097 days
        return calendar.timegm(datetime.datetime(400, *rest).timetuple()) - 146097 * 86400
    return calendar.timegm(datetime.datetime(year, *rest).timetuple())
