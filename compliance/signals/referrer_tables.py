"""Which hosts a site's visitors come from: shorteners, apps and redirects of platforms. Data only.

Browsers on Android send the app that a visitor comes from as `android-app://com.twitter.android/`, so an app's name
is among the hosts. Add to these tables when an honest affiliate is signaled.
"""

# Platforms whose profiles are pages of one site. A host includes its subdomains, such as `l.instagram.com`,
# `lm.facebook.com`, `out.reddit.com` and `web.telegram.org`.
PLATFORMS = (
    ("x.com", "twitter.com", "t.co", "com.twitter.android", "com.twitter.android.lite"),
    (
        *("facebook.com", "fb.com", "fb.me", "fb.watch", "messenger.com", "m.me"),
        *("com.facebook.katana", "com.facebook.lite", "com.facebook.orca", "com.facebook.mlite"),
    ),
    ("instagram.com", "instagr.am", "ig.me", "com.instagram.android", "com.instagram.lite"),
    ("threads.net", "threads.com", "com.instagram.barcelona"),
    (
        "tiktok.com",
        "tiktokv.com",
        "com.zhiliaoapp.musically",
        "com.zhiliaoapp.musically.go",
        "com.ss.android.ugc.trill",
    ),
    ("youtube.com", "youtu.be", "youtube-nocookie.com", "com.google.android.youtube"),
    ("linkedin.com", "lnkd.in", "com.linkedin.android"),
    (
        *(
            "pinterest.com",
            "pin.it",
            "com.pinterest",
            "com.pinterest.twa",
            "pinterest.de",
            "pinterest.at",
            "pinterest.ch",
        ),
        *(
            "pinterest.fr",
            "pinterest.es",
            "pinterest.it",
            "pinterest.pt",
            "pinterest.se",
            "pinterest.dk",
            "pinterest.ca",
        ),
        *("pinterest.co.uk", "pinterest.com.au", "pinterest.com.mx", "pinterest.ie", "pinterest.nz", "pinterest.jp"),
    ),
    ("reddit.com", "redd.it", "com.reddit.frontpage"),
    ("telegram.org", "t.me", "telegram.me", "telegram.dog", "org.telegram.messenger", "org.telegram.messenger.web"),
    ("whatsapp.com", "wa.me", "com.whatsapp", "com.whatsapp.w4b"),
    ("discord.com", "discord.gg", "discordapp.com", "com.discord"),
    ("snapchat.com", "com.snapchat.android"),
    ("twitch.tv", "tv.twitch.android.app"),
    ("bsky.app", "bsky.social", "xyz.blueskyweb.app"),
    ("vk.com", "vk.ru", "vk.cc", "com.vkontakte.android"),
    ("ok.ru", "odnoklassniki.ru", "ru.ok.android"),
    ("line.me", "lin.ee", "jp.naver.line.android"),
    ("weibo.com", "weibo.cn", "t.cn", "com.sina.weibo"),
    ("weixin.qq.com", "wechat.com", "com.tencent.mm"),
    ("viber.com", "com.viber.voip"),
    ("xing.com", "com.xing.android"),
    ("quora.com", "com.quora.android"),
    ("medium.com", "com.medium.reader"),
    ("patreon.com", "com.patreon.android"),
    ("spotify.com", "spoti.fi", "spotify.link", "com.spotify.music"),
    ("flipboard.com", "flip.it", "flipboard.app"),
    ("slack.com", "com.slack"),
)
# Services whose profiles are subdomains, such as `anna.tumblr.com`, with the hosts through which all of them send
# visitors. Other subdomains are other people.
HOSTING = {
    "tumblr.com": ("tumblr.com", "t.umblr.com", "href.li", "com.tumblr"),
    "substack.com": ("substack.com", "open.substack.com", "com.substack.app"),
    "wordpress.com": ("wordpress.com", "wp.me", "href.li", "org.wordpress.android"),
    "blogspot.com": ("blogger.com",),
    "beehiiv.com": ("beehiiv.com", "mail.beehiiv.com"),
}
# Shorteners for any site, which do not tell where a visitor was.
SHORTENERS = (
    *(
        "bit.ly",
        "bitly.com",
        "j.mp",
        "tinyurl.com",
        "ow.ly",
        "ht.ly",
        "buff.ly",
        "is.gd",
        "v.gd",
        "rb.gy",
        "rebrand.ly",
    ),
    *(
        "cutt.ly",
        "t.ly",
        "shorturl.at",
        "s.id",
        "dlvr.it",
        "ift.tt",
        "trib.al",
        "goo.gl",
        "tiny.cc",
        "bl.ink",
        "short.io",
    ),
)
# Where newsletters are read.
WEBMAIL = (
    *("mail.google.com", "com.google.android.gm", "outlook.live.com", "outlook.office.com", "outlook.office365.com"),
    *("com.microsoft.office.outlook", "mail.yahoo.com", "com.yahoo.mobile.client.android.mail", "mail.aol.com"),
    *("mail.proton.me", "icloud.com", "app.fastmail.com", "com.samsung.android.email.provider", "e.mail.ru"),
    *("deref-gmx.net", "deref-gmx.com", "deref-web.de", "deref-mail.com", "mail.yandex.ru", "mail.yandex.com"),
)
# Prefixes of the same site for phones.
SAME_SITE_PREFIXES = ("www.", "m.", "mobile.", "amp.", "touch.")
# Caches of other sites' pages: `blog-example.translate.goog` is a page of `blog.example`.
CACHES = (".cdn.ampproject.org", ".translate.goog")
