"""Destination URLs that a link to the hosts of the shop may have, and others that it may not."""

HOSTS = frozenset({"shop.example", "www.shop.example", "xn--bcher-kva.example", "dev.example:8080"})

ALLOWED = [
    "https://shop.example", "https://shop.example/", "http://shop.example/", "HTTPS://shop.example/",
    "hTTpS://SHOP.Example/", "https://SHOP.EXAMPLE/Path", "https://www.shop.example/a/b/c", "https://shop.example:443/",
    "http://shop.example:80/", "http://dev.example:8080/", "https://dev.example:8080/", "https://shop.example?x=1",
    "https://shop.example#top", "https://shop.example/?x=1&y=2#top", "https://shop.example/@user",
    "https://shop.example/a@evil.example", "https://shop.example/?next=https://evil.example/",
    "https://shop.example/#https://evil.example/", "https://shop.example//evil.example/",
    "https://shop.example/../../evil.example", "https://shop.example/%2e%2e/x",
    "https://shop.example/%0d%0aLocation:%20https://evil.example", "https://shop.example/%00",
    "https://shop.example/%5c%5cevil.example", "https://shop.example/a;b=c", "https://shop.example/a:b",
    "https://shop.example/(x)!*'", "https://xn--bcher-kva.example/", "https://shop.example/%E2%82%AC",
    "https://shop.example/?q=a+b", "https://shop.example/[x]", "https://shop.example/~x",
    "https://shop.example?@evil.example", "https://shop.example#@evil.example", "https://shop.example/?a[]=1",
]  # fmt: skip

REJECTED = [
    # empty or incomplete
    "", " ", "/", "//", "///", ".", "..", "?", "#", "shop.example", "www.shop.example/", "/page", "page", "?x=1",
    "#top", "//shop.example", "//shop.example/", "///shop.example/", "////shop.example", "//evil.example",
    "///evil.example", "http:", "https:", "http:/", "https:/", "http://", "https://", "https:///",
    "https:////shop.example", "http:///x", "https:shop.example", "https:/shop.example", "http:shop.example/",
    "https:///shop.example/", "https:////evil.example",
    # other schemes
    "ftp://shop.example/", "javascript:alert(1)", "JavaScript:alert(1)", "javascript://shop.example/%0aalert(1)",
    "data:text/html,x", "vbscript:x", "file:///etc/passwd", "file://shop.example/x", "blob:https://shop.example/x",
    "view-source:https://shop.example/", "ws://shop.example/", "mailto:a@shop.example", "tel:1", "about:blank",
    "httpss://shop.example/", "xhttps://shop.example/", "https+x://shop.example/", "h ttps://shop.example/",
    "intent://shop.example/#Intent;end", "feed:https://shop.example/", "ſftp://shop.example/", "httpſ://shop.example/",
    # other hosts
    "https://evil.example", "https://evil.example/", "http://evil.example/shop.example", "https://example/",
    "https://shop.example.evil.example/", "https://shop.exampleevil.example/", "https://evilshop.example/",
    "https://sub.shop.example/", "https://shop-example/", "https://shop.example-evil.example/", "https://shop.exampl/",
    "https://shop.examplee/", "https://hop.example/", "https://wwwshop.example/", "https://shop_example/",
    "https://evil.example/https://shop.example/", "https://evil.example?shop.example",
    "https://evil.example#shop.example", "https://evil.example/?https://shop.example",
    "https://evil.example;shop.example/", "https://evil.example,shop.example/", "https://localhost/",
    "https://127.0.0.1/", "https://[::1]/", "https://[shop.example]/", "https://2130706433/", "https://0x7f.1/",
    "https://017700000001/", "http://169.254.169.254/", "https://[::ffff:127.0.0.1]/", "https://[shop.example",
    "https://shop.example]/", "https://]shop.example[",
    # dots
    "https://shop.example./", "https://shop.example../", "https://.shop.example/", "https://shop..example/",
    "https://./", "https://../", "https://shop.example.:443/", "https://shop。example/",
    "https://shop.example。evil.example/", "https://shop．example/", "https://shop｡example/", "https://shop.example%2e/",
    "https://shop%2eexample/",
    # user names
    "https://user@shop.example/", "https://user:pass@shop.example/", "https://@shop.example/",
    "https://:@shop.example/", "https://shop.example@evil.example/", "https://shop.example:443@evil.example/",
    "https://shop.example%40evil.example/", "https://shop.example@@evil.example/", "https://evil.example@shop.example/",
    "https://shop.example:x@evil.example/", "https://shop.example%2f@evil.example/",
    "https://shop.example%23@evil.example/", "https://a@b@shop.example/", "https://shop.example@evil.example:443/",
    "https://www.shop.example@evil.example", "https://shop.example&@evil.example",
    # backslashes
    "https:\\\\shop.example\\", "https:/\\shop.example/", "https:\\/shop.example/", "\\\\shop.example",
    "\\/shop.example", "/\\evil.example", "\\\\evil.example", "https://shop.example\\@evil.example/",
    "https://evil.example\\@shop.example/", "https://shop.example\\.evil.example/",
    "https://evil.example\\shop.example/", "https://shop.example/\\evil.example", "https://shop.example/a\\b",
    "https://shop.example/?x=\\", "https://shop.example#\\", "https://shop.example\\",
    # spaces and control characters
    " https://shop.example/", "https://shop.example/ ", "\thttps://shop.example/", "https://shop.example/\t",
    "\nhttps://shop.example/", "https://shop.example/\n", "https://shop.example/\r\nX: y", "https://shop.example/\x00",
    "https://shop.example\t/", "https://shop\t.example/", "ht\ttps://shop.example/", "https:\n//shop.example/",
    "https://\tevil.example/", "https://shop.example\n.evil.example/", "https://shop.example\r@evil.example/",
    "\x01https://shop.example/", "https://shop.example\x7f/", "https://shop.example/\x1b", "https://shop.example/\x85",
    "https://shop.example/a b", "https://shop.example /", "https:// shop.example/", "https://shop.example:443 /",
    "https://shop.example/\xa0", "https://shop.example\u3000/", "https://shop.example/\u2028",
    "https://shop.example/\u2029", "\ufeffhttps://shop.example/", "https://shop.example\u200b/",
    "https://shop.example/\u200b", "https://sho\u00adp.example/", "https://shop.example/\u202egro.live",
    "https://shop.example\u202e/", "https://shop.example/\ud800", "https://\udfffshop.example/",
    "https://shop.example/\ufffd", "https://shop.example\ufffd/", "https://shop.example/\ue000",
    # IDN and lookalikes
    "https://bücher.example/", "https://BÜCHER.example/", "https://shöp.example/", "https://ѕhop.example/",
    "https://shοp.example/", "https://ſhop.example/", "https://shop.exampℓe/", "https://ｓｈｏｐ.example/",
    "https://shop.example／evil.example/", "https://shop.example⁄evil.example/", "https://shop.example＠evil.example/",
    "https://shop.example﹫evil.example/", "https://shop.example：443/", "https：//shop.example/", "https:／／shop.example/",
    "https://shop.example？x", "https://shop.example＃x", "https://xn--shop-.example/", "https://xn--shp-sna.example/",
    "https://shop.xn--example/", "https://ⓢhop.example/", "https://shop.example℀evil.example/", "https://ﬆore.example/",
    "https://shop.exampIe/",
    # ports
    "https://shop.example:/", "https://shop.example:80/", "http://shop.example:443/", "https://shop.example:8443/",
    "https://shop.example:0/", "https://shop.example:00443/", "https://shop.example:0443/",
    "https://shop.example:65536/", "https://shop.example:99999/", "https://shop.example:443443/",
    "https://shop.example:-443/", "https://shop.example:+443/", "https://shop.example:443:443/",
    "https://shop.example:abc/", "https://shop.example:4 43/", "https://shop.example:４４３/", "https://shop.example:٤٤٣/",
    "https://shop.example:0x1bb/", "https://shop.example:443@evil.example", "https://dev.example/",
    "https://dev.example:80808/", "https://dev.example:808/", "https://dev.example:443/",
    "https://shop.example:443.evil.example/",
    # escapes in the host
    "https://shop%2Eexample/", "https://%73hop.example/", "https://shop.example%00/", "https://shop.example%0a/",
    "https://shop.example%2fevil.example/", "https://shop.example%5cevil.example/", "https://%65vil.example/",
    "https%3A//shop.example/", "https:%2f%2fshop.example/", "%68ttps://shop.example/", "https://shop.example%3a443/",
    "https://shop.example%20/",
    # odd hosts
    "https://-/", "https://.../", "https://shop.example$/", "https://shop!example/", "https://shop.example'/",
    'https://"shop.example"/', "https://<shop.example>/", "https://shop.example<script>/", "https://{shop.example}/",
    "https://shop.example|evil/", "https://*.example/", "https://shop.example^/", "https://shop.example`/",
    "https://" + "a" * 300 + ".example/",
    # too long
    "https://shop.example/" + "a" * 2000, "https://shop.example/?" + "a=b&" * 600,
]  # fmt: skip
