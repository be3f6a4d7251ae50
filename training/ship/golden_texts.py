"""Texts for ``golden.jsonl``, written for it: of every kind that the stream brings."""

from __future__ import annotations

TEXTS = (
    # plain, both ways, and in between
    "I love this phone, best thing I bought all year",
    "worst customer service I have ever had to deal with",
    "The train leaves at nine from platform four",
    "It works. Nothing special, nothing broken.",
    "so proud of my little sister today",
    "this update deleted all of my photos, I am furious",
    "The soup was cold but the waiter was lovely",
    "ok",
    "Thanks!",
    "no",
    # negation and turns
    "not bad at all",
    "I can't say I enjoyed it",
    "never been happier",
    "I don't hate mondays any more",
    "It isn't as good as they promised",
    "nothing could ruin this evening",
    "hardly a masterpiece, yet I watched it twice",
    "I wanted to like it. I really did.",
    # irony
    "oh great, another delayed flight. just what I needed",
    "wow, three hours on hold, what a treat",
    # slang, stretched letters, typos
    "lmao this is sooooo goooood",
    "ugh smh cant even rn",
    "tbh kinda meh but whatevs",
    "that gig was lit fr fr",
    "im gna miss u guys sooo muchh :(",
    "teh new albun is amzing",
    "gr8 nite w/ the crew xx",
    # capitals and punctuation
    "BEST. DAY. EVER.",
    "WHY DOES THIS ALWAYS HAPPEN TO ME",
    "what?!?!?! they cancelled it???",
    "...",
    # emoticons and emoji
    "sunday with pancakes :)",
    "lost my keys again :'(",
    "😂😂😂",
    "my heart 💔",
    "🔥🔥 new track out now 🔥🔥",
    "thank you 🙏🏽 so much 💜",
    "stuck in traffic 😡🚗",
    "<3 <3 <3",
    # mentions, hashtags, links
    "@anna_k happy birthday!! have a great one",
    "@support my parcel is late again, third time this month",
    "#blessed to work with this team",
    "#fail #neveragain",
    "new post on my blog http://example.com/2026/11/22 hope you like it",
    "www.example.org/news this makes me so sad",
    "RT @city_desk: Road works on Main Street until Friday",
    # entities, broken encodings, invisible characters
    "rock &amp; roll forever &lt;3",
    "I paid &amp;pound;20 for this &amp;amp; it broke",
    "the cafÃ© was closed, what a pity",
    "itâ€™s a beautiful morning",
    "so\u200b happy\u00a0today",
    "𝓵𝓸𝓿𝓮 this ｓｏ much",
    # other scripts and languages
    "qué día tan bonito",
    "das war leider nichts",
    "今日はとても楽しかった",
    "мне очень грустно",
    "أحب هذا المكان",
    "c'est nul, je suis déçu",
    # long
    (
        "Went to see the new film with my brother last night. The first half dragged a bit and the popcorn "
        "was stale, but then the story turned, the music came in, and by the end the whole room was on its "
        "feet. We talked about it all the way home and I already want to see it again."
    ),
    (
        "I ordered the desk three weeks ago, waited at home twice for a delivery that never came, called "
        "four times, was sent from one department to the next, and when it finally arrived one leg was "
        "missing and the top was scratched. Nobody answers my mails. I want my money back and an apology."
    ),
    "good " * 150,
    "a " + "very " * 140 + "bad idea",
)
