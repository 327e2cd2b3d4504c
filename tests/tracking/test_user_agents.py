"""Bots and people by their User-Agent, and the classes of their devices."""

import crawleruseragents
import pytest

from tracking.clicks import user_agents
from tracking.clicks.user_agents import parse_user_agent

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0"
ANDROID = f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {CHROME} Mobile Safari/537.36"
WEB_VIEW = (
    "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0 "
    "Mobile Safari/537.36"
)
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"

BOTS = [
    # previews of links
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Bluesky Cardyb/1.1) Chrome/W.X.Y.Z Safari/537.36",
    "Valve/Steam HTTP Client 1.0 (SteamChatURLLookup)",
    "Discourse Forum Onebox v3.3.0",
    "Yahoo:LinkExpander:Slingstone",
    "facebookexternalua",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "TelegramBot (like TwitterBot)",
    "WhatsApp/2.23.20.0 A",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Iframely/1.3.1 (+https://iframely.com/docs/about)",
    # scanners of mail
    "Barracuda Sentinel (EE)",
    "TwinWaveScanner",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/113.0 Safari/537.36 Mimecast",
    # assistants, monitors and shop tools
    "Mozilla/5.0 (compatible;Impact.com Agent)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
    f"{WINDOWS} PTST/240301.102030",
    f"{WINDOWS} DatadogSynthetics",
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME.replace('Chrome', 'HeadlessChrome')} Safari/537.36",
    "Mozilla/5.0 (compatible; examplebot/2.1)",
    # a phone's User-Agent with a bot behind it
    (
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0.3987.92 "
        "Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    ),
    (
        "SAMSUNG-SGH-E250/1.0 Profile/MIDP-2.0 Configuration/CLDC-1.1 UP.Browser/6.2.3.3.c.1.101 (GUI) MMP/2.0 (compatible; "
        "Googlebot-Mobile/2.1; +http://www.google.com/bot.html)"
    ),
    # programs
    "Jersey/2.25.1 (HttpUrlConnection 1.8.0_141)",
    "Jakarta Commons-HttpClient/3.1",
    "Apache-HttpClient/4.5.13 (Java/11.0.16)",
    "Java/1.8.0_181",
    "curl/8.5.0",
    "Wget/1.21",
    "python-requests/2.31.0",
    "Go-http-client/2.0",
    "okhttp/4.9.0",
    "axios/1.6.2",
    "Mozilla/5.0",
    "-",
]
PEOPLE = [
    ANDROID,
    WINDOWS,
    f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1",
    f"{IPHONE} CriOS/125.0.6422.80 Mobile/15E148 Safari/604.1",
    f"{IPHONE} GSA/317.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    f"{WINDOWS} Edg/124.0.2478.80",
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15 "
        "Ddg/17.4"
    ),
    # devices called like bots
    (
        "Mozilla/5.0 (Linux; Android 7.0; M bot 54) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.96 Mobile "
        "Safari/537.36"
    ),
    "Mozilla/5.0 (Linux; Android 7.0; M bot 60 Build/NRD90M) AppleWebKit/537.36 Chrome/58.0.3029.83 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 13; Spider 8) {CHROME} Safari/537.36",
    f"Mozilla/5.0 (Linux; U; Android 13; de-de; Crawler X (2023)) {CHROME} Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {CHROME} Mobile Safari/537.36",
    "mozilla/5.0 (linux; android 6.0; cubot echo) applewebkit/537.36 (khtml, like gecko) chrome/70.0 mobile safari/537.36",
    "Mozilla/5.0 (Linux; Android 6.0; POWER BOT Build/MRA58K) AppleWebKit/537.36 Chrome/54.0.2840.85 Mobile Safari/537.36",
    # what is appended
    f"{WINDOWS} ||| ReqID: 472 | Initiator: https://shop.example",
    (
        "Mozilla/5.0 (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/142.0 Mobile Safari/537.36"
    ),
    "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/100 Mobile Safari/537.36 baiduboxapp/13.9",
    "Mozilla/5.0 (Linux; arm_64; Android 12) AppleWebKit/537.36 YaSearchBrowser/23.1 BroPP/1.0 YandexSearch/8.8",
    f"{WEB_VIEW} SogouMSE,SogouMobileBrowser/5.6.3",
    f"{WEB_VIEW} Viber/20.0",
    f"{IPHONE} Mobile/15E148 Phantom/ios/23.9",
    f"{IPHONE} Mobile/15E148 LinkedInApp",
    f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/466.0.0.35.105;FBDV/iPhone15,2;FBMD/iPhone;FBSN/iOS;FBSV/17.5.1;FBSS/3]",
    # before and beside browsers
    "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.12 Version/12.16",
    "SonyEricssonF100i/R1x Browser/NetFront/3.4 Profile/MIDP-2.1 Configuration/CLDC-1.1 JavaPlatform/JP-8.4",
    "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/68.0 Safari/537.36 WebAppManager",
    "Microsoft Office Word/16.78.1008 (Mac OS/14.0; Desktop; en-US; NonAppStore; Apple/Mac15,11)",
    "dv(iPh9,4);pr(UCBrowser/11.3.5.1203);ov(15_8);ss(414x736);bt(GJ);pm(0);bv(0);nm(0);im(0);nt(1);",
    "Lynx/2.9.0 libwww-FM/2.14",
]
IN_APP_BROWSERS = [
    "Instagram 330.0 Android (34/14; 450dpi)",
    "[Pinterest/Android]",
    "Snapchat12.80 (SM-S918B; Android 14)",
    "[FB_IAB/Orca-Android;FBAV/460]",
    "Telegram-Android/10.14",
    "WeChat/arm64 Android/14",
    "Viber/20.0 Android",
]


@pytest.mark.parametrize("text", BOTS)
def test_bot_is_recognized(text: str) -> None:
    assert parse_user_agent(text).is_bot


@pytest.mark.parametrize("text", PEOPLE + [f"{WEB_VIEW} {app}" for app in IN_APP_BROWSERS])
def test_browser_is_not_a_bot(text: str) -> None:
    assert not parse_user_agent(text).is_bot


def test_bots_of_the_installed_list_are_recognized() -> None:
    texts = {text for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for text in entry["instances"]}
    missed = [text for text in texts if not parse_user_agent(text).is_bot]
    assert len(missed) <= len(texts) * 0.02, missed


@pytest.mark.parametrize(
    ("text", "device"),
    [
        *((f"{WEB_VIEW} {app}", "mobile") for app in IN_APP_BROWSERS),
        ("Mozilla/5.0 (Linux; Android 13; SM-X906C; wv) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 [FB_IAB/FB4A]", "tablet"),
        ("Mozilla/5.0 (Linux; Android 11; SM-T220) AppleWebKit/537.36 Chrome/91.0 YaApp_Android/21.66.1/apad Mobile", "tablet"),
        (f"{IPHONE} Safari/604.1", "mobile"),
        (ANDROID, "mobile"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "mobile"),
        ("Dalvik/2.1.0 (Linux; U; Android 12; SM-A136S Build/SP1A.210812.016)", "mobile"),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.12 Version/12.16", "mobile"),
        ("Mozilla/5.0 (Mobile; Nokia 2720; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.2", "mobile"),
        ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 330.0 (iPad14)", "tablet"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (Android 14; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0", "tablet"),
        ("Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 Silk/120.1 like Chrome/120.0 Safari/537.36", "tablet"),
        (WINDOWS, "desktop"),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Tablet PC 2.0)", "desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0", "desktop"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "desktop"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "desktop"),
        ("Mozilla/5.0 (Linux; Android 9; BRAVIA 4K) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "other"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 SamsungBrowser/4.0 TV Safari/537.36", "other"),
        ("Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 Safari/605.1.15", "other"),
        ("curl/8.5.0", "other"),
        ("", "other"),
    ],
)  # fmt: skip
def test_device_class_is_detected(text: str, device: str) -> None:
    assert parse_user_agent(text).device == device


def test_lists_are_consulted_once_for_each_text(monkeypatch: pytest.MonkeyPatch) -> None:
    consulted: list[str] = []

    def is_listed_bot(text: str) -> bool:
        consulted.append(text)
        return False

    monkeypatch.setattr(user_agents, "is_listed_bot", is_listed_bot)
    user_agents._parse_user_agent.cache_clear()
    for _time in range(3):
        parse_user_agent("Remembered/1.0")
        parse_user_agent("Remembered/1.0" + " " * 400)
    user_agents._parse_user_agent.cache_clear()
    assert len(consulted) == 2
    assert user_agents._parse_user_agent.cache_info().maxsize


def test_only_the_stored_part_of_a_text_counts() -> None:
    assert parse_user_agent(ANDROID + " " * 300 + "Googlebot/2.1") == parse_user_agent(ANDROID)
