"""What the block says instead of a suggestion, in words that tell an agent what to do."""

from __future__ import annotations

from suggest.usedesk.reader import Reading
from suggest.usedesk.view import Message

UNREADABLE = Message(
    "Подсказчик не понял запрос",
    "Usedesk прислал запрос в незнакомом виде. Сообщите администратору: блок настроен неверно.",
)
NO_SECRET = Message(
    "Подсказчик ещё не настроен",
    "Администратору нужно задать секрет блока (SUGGEST_USEDESK_BLOCK_SECRET).",
    severe=True,
)
WRONG_SECRET = Message(
    "Подсказчик не узнал этот блок",
    "Секретный ключ блока не совпадает с настройкой подсказчика. Сообщите администратору.",
    severe=True,
)
NO_TICKET = Message(
    "Нет номера тикета", "Usedesk не прислал номер тикета. Откройте тикет заново или сообщите администратору."
)
LATE = Message(
    "Подсказка готовится", "Чтение тикета заняло больше времени, чем обычно. Нажмите «Обновить» через несколько секунд."
)
FAILED = "Подсказка не получилась"
BROKEN = Message(
    FAILED,
    "Внутренняя ошибка подсказчика, она записана в журнал. Ответьте без подсказки и сообщите администратору.",
)
WHY_UNREADABLE = {
    "no_message": Message("Отвечать пока не на что", "В тикете нет сообщения клиента, только записи сотрудников."),
    "no_text": Message(
        "Текст отзыва не нашёлся",
        "Письмо пришло в незнакомом виде. Откройте отзыв на площадке, скопируйте его текст в поле «Текст отзыва» "
        "и нажмите «Обновить».",
    ),
    "outgoing": Message(
        "Это наш запрос магазину или отделу",
        "Подсказка открывается в тикете клиента: его номер в комментарии этого тикета.",
    ),
    "unknown_robot": Message(
        "Письмо незнакомого робота",
        "Похоже на уведомление, но правил для этого отправителя нет. Если это отзыв, попросите администратора "
        "добавить правило.",
    ),
}
KEPT_AFTER_ERROR = "Тикет перечитать не удалось, показана сохранённая подсказка. "
KEPT_WHILE_LATE = "Тикет ещё читается, показана сохранённая подсказка. Чтобы проверить, нажмите «Обновить»."


def unreadable(reading: Reading) -> Message:
    """Why a ticket holds no review that could be read, and what helps."""
    known = WHY_UNREADABLE[reading.unreadable or "no_text"]
    return Message(known.title, known.text, url=reading.url)
