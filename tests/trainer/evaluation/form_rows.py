"""Invented rows in the columns of the data sets, two or more of each form."""

ARC = [
    {"id": "1", "question": "Which of these melts first?", "answerKey": "B",
     "choices": {"text": ["iron", "ice", "a rock from the river"], "label": ["A", "B", "C"]}},
    {"id": "2", "question": "What do leaves need?", "answerKey": "1",
     "choices": {"text": ["light", "darkness of a long night"], "label": ["1", "2"]}},
]  # fmt: skip
BOOLQ = [
    {"passage": "The lake freezes in winter.", "question": "does the lake freeze", "label": 1},
    {"passage": "The lake freezes in winter.", "question": "is the lake warm", "label": 0},
]
HELLASWAG = [
    {"activity_label": "Baking bread", "ctx_a": "A woman kneads dough.", "ctx_b": "she",
     "endings": ["puts it in the oven.", "[substeps] paints  it.", "swims away.", "sings [x] low."],
     "label": "0", "ctx": "A woman kneads dough. she"},
    {"activity_label": "Finance", "ctx_a": "[header] How to save [title] Write it down.",
     "ctx_b": "", "endings": ["Keep a book.", "Throw it.", "Eat.", "Never look at it again."],
     "label": "3", "ctx": "[header] How to save [title] Write it down."},
]  # fmt: skip
PIQA = [
    {"goal": "Cool a drink", "sol1": "Put it in the sun.", "sol2": "Put ice into it.", "label": 1},
    {"goal": "Dry a shirt", "sol1": "Hang it up.", "sol2": "Keep it in a full bath.", "label": 0},
]
SCIQ = [
    {"question": "What do bees make?", "distractor1": "milk", "distractor2": "silk",
     "distractor3": "a paper house", "correct_answer": "honey", "support": " Bees make honey."},
    {"question": "What is ice?", "distractor1": "sand", "distractor2": "dry air",
     "distractor3": "oil", "correct_answer": "frozen water", "support": ""},
]  # fmt: skip
WINOGRANDE = [
    {"sentence": "The cup fell on the stone because the _ was loose.", "option1": "handle",
     "option2": "stone", "answer": "1"},
    {"sentence": "Ann paid Eve since _ had lost.", "option1": "Eve", "option2": "Ann",
     "answer": "2"},
]  # fmt: skip
OPENBOOKQA = [
    {"question_stem": "The sun is", "answerKey": "A",
     "choices": {"text": ["a star", "a lamp that was made", "a planet", "cold"],
                 "label": ["A", "B", "C", "D"]}},
    {"question_stem": "A fish breathes with", "answerKey": " C",
     "choices": {"text": ["lungs", "ears", "gills", "fins"], "label": ["A", "B", "C", "D"]}},
]  # fmt: skip
BELEBELE = [
    {"flores_passage": "ตลาดเปิดตอนเช้า", "question": " ตลาดเปิดเมื่อไร ", "mc_answer1": "ตอนเย็น",
     "mc_answer2": "ตอนเช้า", "mc_answer3": "กลางคืน", "mc_answer4": "ไม่เปิด",
     "correct_answer_num": "2", "dialect": "tha_Thai"},
    {"flores_passage": "The shop is shut.", "question": "Is it?", "mc_answer1": "Yes",
     "mc_answer2": "No", "mc_answer3": "Half", "mc_answer4": "Never", "correct_answer_num": "1",
     "dialect": "tha_Thai"},
]  # fmt: skip
XCOPA = [
    {"premise": "ฝนตกหนัก.", "choice1": "ถนนเปียก", "choice2": "ถนนแห้งสนิททั้งสาย",
     "question": "effect", "label": 0},
    {"premise": "เขาหิว.", "choice1": "Aเขากินแล้ว", "choice2": "เขาไม่ได้กิน", "question": "cause",
     "label": 1},
]  # fmt: skip
CEVAL = [
    {"id": 0, "question": "水在几度沸腾？", "A": "十度", "B": "五十度", "C": "一百度", "D": "零度",
     "answer": "C"},
    {"id": 1, "question": " 一年有几个月？", "A": "十二", "B": "十", "C": "七", "D": "三",
     "answer": "A"},
]  # fmt: skip
MMLU = [
    {"question": "How many bones has a hand? ", "choices": ["27", "3", "90", "14"], "answer": 0,
     "subject": "anatomy"},
    {"question": "Where is the heart?", "choices": ["foot", "chest", "head", "hand"], "answer": 1,
     "subject": "anatomy"},
]  # fmt: skip
ROWS = {
    "arc": ARC, "boolq": BOOLQ, "hellaswag": HELLASWAG, "piqa": PIQA, "sciq": SCIQ,
    "winogrande": WINOGRANDE, "openbookqa": OPENBOOKQA, "belebele": BELEBELE, "xcopa": XCOPA,
    "ceval": CEVAL, "mmlu": MMLU,
}  # fmt: skip
