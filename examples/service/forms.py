"""The upload as it arrives: read into memory, counted on the way, and checked field by field."""

import asyncio

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect
from uploads import Refused, Song


async def read_song(request, *, fields, limits):
    """The song in a multipart request.

    Parameters
    ----------
    request : starlette.requests.Request
    fields : collection of str
        The culture fields that are known.
    limits : Limits

    Returns
    -------
    song : Song

    Raises
    ------
    Refused
        400 if the body is malformed, 408 if it arrives too slowly, 413 if it is too large, 415 if
        it is no form, 422 if a field is missing, unknown, given twice or of the wrong kind.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Refused(415, "Send a form (multipart/form-data) with a file in the field 'clip'.")
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > limits.request_bytes:
        raise _too_large(limits)  # the honest are told at once
    try:
        async with asyncio.timeout(limits.upload_seconds):
            form = await _parse(request, fields, limits)
    except TimeoutError:
        raise Refused(408, "The request took too long to arrive.") from None
    except ClientDisconnect:
        raise Refused(400, "The request ended before it was complete.") from None
    return await _check(form, fields, limits)


async def _parse(request, fields, limits):
    parser = MultiPartParser(
        request.headers,
        _counted(request.stream(), limits),
        max_files=2,  # one more of each than is right, for a better message
        max_fields=len(fields) + 3,
        max_part_size=4 * limits.lyrics_characters + 4,  # four bytes a character in UTF-8
    )
    parser.spool_max_size = limits.request_bytes  # never a file on the disk
    try:
        return await parser.parse()
    except MultiPartException as error:
        if "maximum size" in error.message:
            raise Refused(413, f"A field is too long. {_lengths(limits)}") from None
        raise Refused(400, f"The form cannot be read: {error.message}") from None


async def _counted(stream, limits):
    """The stream, up to the limit: what the client states about its length is not trusted."""
    total = 0
    async for chunk in stream:
        total += len(chunk)
        if total > limits.request_bytes:
            raise _too_large(limits)
        yield chunk


def _too_large(limits):
    return Refused(413, f"The request is larger than {limits.request_bytes / 2**20:g} MiB.")


def _lengths(limits):
    return (
        f"Lyrics have up to {limits.lyrics_characters} characters, culture labels up to "
        f"{limits.label_characters}."
    )


async def _check(form, fields, limits):
    """The song, if each field is known, of its kind, and there once."""
    names = [name for name, _ in form.multi_items()]
    known = ["clip", "lyrics", *fields]
    strangers = sorted(set(names) - set(known))
    if strangers:
        raise Refused(422, f"Unknown field {strangers[0][:50]!r}: the fields are {known}.")
    twice = [name for name in known if names.count(name) > 1]
    if twice:
        raise Refused(422, f"The field {twice[0]!r} is given twice.")
    if not isinstance(form.get("clip"), UploadFile):
        raise Refused(422, "Send a sound file in the field 'clip'.")
    texts = {name: value for name, value in form.items() if name != "clip"}
    for name, value in texts.items():
        if isinstance(value, UploadFile):
            raise Refused(422, f"The field {name!r} is text, not a file.")
        most = limits.lyrics_characters if name == "lyrics" else limits.label_characters
        if len(value) > most:
            raise Refused(413, f"The field {name!r} is too long. {_lengths(limits)}")
    clip = await form["clip"].read()
    return Song(clip, texts.pop("lyrics", ""), texts)
