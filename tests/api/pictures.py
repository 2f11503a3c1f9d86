"""Files to upload: good ones, hidden things in them, and what no program should be asked to open."""
import base64
import io
import struct
import zipfile
import zlib

from PIL import Image

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 40), (30, 40, 220), (250, 250, 250)
# 64 x 48, red with a blue left half, by libheif; PIL cannot write it
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAa1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAAAAAAACAAAA"
    "EGlkYXQAAAAAAEAAMAAAADhpbG9jAQAAAERAAAIAAQAAAAAAAAHRAAEAAAAAAAAAVAACAAEAAAAAAAAAAQAAAAAAAAAIAAAAOGlpbmYAAAAAAAIAAAAVaW5m"
    "ZQIAAAEAAQAAaHZjMQAAAAAVaW5mZQIAAAAAAgAAZ3JpZAAAAADYaXBycAAAALZpcGNvAAAAdmh2Y0MBA3AAAAAAAAAAAAAe8AD8/fj4AAAPAyAAAQAYQAEM"
    "Af//A3AAAAMAkAAAAwAAAwAeugJAIQABACpCAQEDcAAAAwCQAAADAAADAB6gIIEFlurkprm4EBAwIAAAAwAgAAADACEiAAEABkQBwXPAiQAAABRpc3BlAAAA"
    "AAAAAEAAAABAAAAAFGlzcGUAAAAAAAAAQAAAADAAAAAQcGl4aQAAAAADCAgIAAAAGmlwbWEAAAAAAAAAAgABAoECAAICA4QAAAAaaXJlZgAAAAAAAAAOZGlt"
    "ZwACAAEAAQAAAFxtZGF0AAAAUCgBrxOA+BDhp//9PCiv/YktX/LGGYlW9jcX/9KnEX8mp4fA1DMIbnk/BSqa97IdYgsgpcFR1QY7sZazVhCcehQ1tqE7V9+d"
    "7WY0Aw3QlKrg")
PDF = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
       b"trailer<</Root 1 0 R>>\n%%EOF\n")
# what says who took the photo, with what and where: none of it may be stored
SECRETS = (b"MAKERMARK", b"ARTISTNAME", b"\x16\x00\x00\x00\x01\x00\x00\x00\x22\x00\x00\x00", b"XMPSECRET", b"PROFILEMARK", b"COMMENTMARK", b"Exif",
           b"TEXTMARK")

# where the corners of the upright picture stand in the stored one: EXIF 2.32, 4.6.4 A
TURNS = {1: None, 2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE, 6: Image.ROTATE_90,
         7: Image.TRANSVERSE, 8: Image.ROTATE_270}


def corners(width=120, height=80):
    """A picture with a colour in each corner."""
    im = Image.new("RGB", (width, height), RED)
    im.paste(GREEN, (width // 2, 0, width, height // 2))
    im.paste(BLUE, (0, height // 2, width // 2, height))
    im.paste(WHITE, (width // 2, height // 2, width, height))
    return im


def noise(width, height):
    return Image.effect_noise((width, height), 80).convert("RGB")


def saved(im, kind="JPEG", **more):
    out = io.BytesIO()
    im.save(out, kind, **more)
    return out.getvalue()


def exif(orientation=1):
    """With the maker, the artist and a place in Kolkata."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = "MAKERMARK"
    data[0x013B] = "ARTISTNAME"
    data[0x8825] = {1: "N", 2: (22.0, 34.0, 21.0), 3: "E", 4: (88.0, 21.0, 50.0)}
    return data.tobytes()


def lying(orientation, kind="JPEG", **more):
    """The picture of `corners` as a telephone held that way stores it."""
    im = corners()
    if TURNS[orientation] is not None:
        im = im.transpose(TURNS[orientation])
    return saved(im, kind, exif=exif(orientation), **more)


def talkative_jpeg():
    """Everything that a JPEG can carry beside its pixels."""
    data = saved(corners(), icc_profile=b"\0" * 36 + b"acsp" + b"PROFILEMARK" * 20, exif=exif(6), quality=90)
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x>XMPSECRET</x>"
    segment = b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp + b"\xff\xfe" + struct.pack(">H", 13) + b"COMMENTMARK"
    return data[:2] + segment + data[2:] + b"TEXTMARK behind the end"


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, *, rows=None, before=b""):
    """An 8-bit grey PNG of any claimed size; `rows` None: all of them, black."""
    rows = height if rows is None else rows
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(b"\0" * (width + 1)) for _ in range(rows)) + packer.flush()
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + before
            + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b""))


def talkative_png():
    text = png_chunk(b"tEXt", b"Comment\0TEXTMARK") + png_chunk(b"eXIf", exif()[6:])
    data = saved(corners(1200, 800), "PNG")
    return data[:33] + text + data[33:]


def claiming(data, width, height):
    """The JPEG with another size in its frame header."""
    at = data.index(b"\xff\xc0")
    return data[:at + 5] + struct.pack(">HH", height, width) + data[at + 9:]


def archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("run.html", "<script>alert(1)</script>")
    return out.getvalue()


REFUSED = {
    "gif": saved(corners(), "GIF"),
    "bmp": saved(corners(), "BMP"),
    "tiff": saved(corners(), "TIFF"),
    "ico": saved(corners(32, 32), "ICO"),
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "text": "নর্দমা উপচে পড়ছে".encode(),
    "json": b'{"a":1}',
    "zip": archive(),
    "elf": b"\x7fELF\x02\x01\x01" + bytes(100),
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100),
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(100),
    "gif with pdf": b"GIF89a/*" + PDF + b"*/",
    "html then pdf": b"<html><!--" + PDF + b"--></html>",
    "one byte": b"\xff",
    "zeros": bytes(5000),
    "animated webp": saved(corners(), "WEBP", save_all=True, append_images=[noise(120, 80)]),
    "postscript": b"%!PS-Adobe-3.0\n",
}

GOOD = {  # name: (bytes, kind of what is stored, width, height)
    "jpeg": (saved(corners()), "jpeg", 120, 80),
    "progressive": (saved(corners(), progressive=True), "jpeg", 120, 80),
    "grey": (saved(corners().convert("L")), "jpeg", 120, 80),
    "cmyk": (saved(corners().convert("CMYK")), "jpeg", 120, 80),
    "jpeg with bytes behind": (saved(corners()) + b"PK" + bytes(3000), "jpeg", 120, 80),
    "small png": (saved(corners(), "PNG"), "png", 120, 80),
    "large png": (saved(corners(1200, 800), "PNG"), "jpeg", 1200, 800),
    "transparent png": (saved(Image.new("RGBA", (1200, 800), (255, 0, 0, 128)), "PNG"), "png", 1200, 800),
    "palette": (saved(corners(900, 600).convert("P"), "PNG"), "png", 900, 600),
    "bitmap": (saved(corners().convert("1"), "PNG"), "png", 120, 80),
    "16 bits": (saved(corners().convert("L").convert("I"), "PNG"), "png", 120, 80),
    "grey png": (png(300, 200), "png", 300, 200),
    "webp": (saved(corners(), "WEBP"), "jpeg", 120, 80),
    "lossless webp": (saved(corners(), "WEBP", lossless=True), "jpeg", 120, 80),
    "transparent webp": (saved(Image.new("RGBA", (120, 80), (255, 0, 0, 128)), "WEBP", lossless=True), "png", 120, 80),
    "heic": (HEIC, "jpeg", 64, 48),
    "one pixel": (saved(Image.new("RGB", (1, 1), RED), "PNG"), "png", 1, 1),
    "too long": (saved(corners(5120, 40)), "jpeg", 2560, 20),
    "a line": (saved(Image.new("RGB", (8000, 1), RED)), "jpeg", 2560, 1),
    "pdf": (PDF, "pdf", None, None),
}


def damaged():
    """name → bytes that begin well."""
    noisy = noise(400, 300)
    jpeg, flat, lossless, web = saved(noisy), saved(noisy, progressive=True), saved(noisy, "PNG"), saved(noisy, "WEBP")
    crc = bytearray(lossless)
    crc[len(crc) // 2] ^= 0xFF
    noisy_bytes = bytearray(jpeg)
    noisy_bytes[len(jpeg) // 2:len(jpeg) // 2 + 400] = bytes(400)
    found = {f"{name} cut at {percent} %": data[:len(data) * percent // 100]
             for name, data in {"jpeg": jpeg, "progressive": flat, "png": lossless, "webp": web, "heic": HEIC}.items()
             for percent in (10, 50, 95)}
    found.update({
        "jpeg without its end": jpeg[:-2], "jpeg of a header": jpeg[:20], "png of a header": lossless[:33], "jpeg of a marker": jpeg[:4],
        "jpeg with a hole": bytes(noisy_bytes), "png with a flipped bit": bytes(crc), "webp of a header": web[:20],
        "png without width": png(1, 1)[:16] + bytes(4) + png(1, 1)[20:], "jpeg of no size": claiming(jpeg, 0, 0),
        "png that promises more": png(3000, 3000, rows=10), "jpeg that promises more": claiming(jpeg, 6000, 6000),
    })
    return found


BOMBS = {  # name: (bytes, code)
    "png of 2.5 gigapixels": (png(50000, 50000, rows=1), "too_many_pixels"),
    "png of all it can claim": (png(2**31 - 1, 2**31 - 1, rows=0), "too_many_pixels"),
    "png of 40 megapixels and a row": (png(8000, 5001, rows=1), "too_many_pixels"),
    "jpeg of 4 gigapixels": (claiming(saved(corners()), 65500, 65500), "too_many_pixels"),
    "png as long as a street": (png(1_000_000, 2, rows=1), "too_many_pixels"),
    "heic of 4 gigapixels": (HEIC.replace(b"ispe\0\0\0\0\0\0\0\x40\0\0\0\x30", b"ispe\0\0\0\0\0\0\xff\xff\0\0\xff\xff"), "too_many_pixels"),
    "png with a packed gigabyte of text": (png(10, 10, before=png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**25)))), None),
    "png whose pixels go on": (png(2000, 2000, rows=400000 // 20), None),
}
