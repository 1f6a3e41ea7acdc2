"""After all of it (this module's name is the last): the same attacks over and over cost no memory."""

import attack
from attack import PREFIX, SEARCH, Client, ask, request, resident_megabytes


class Memory(attack.Case):
    def round(self):
        idle = [Client() for _ in range(500)]
        for number, client in enumerate(idle):
            client.send(request(SEARCH)[: number % 60])
        for _ in range(50):
            for target in (SEARCH, "/nowhere", f"{PREFIX}/search?q=%ff", f"{PREFIX}/search?q=" + "a" * 15_000,
                           "/health"):
                ask(target)
            with Client() as client:
                client.send(request(f"{PREFIX}/search?q=paging&limit=100") * 20)
                client.answer()
        for number, client in enumerate(idle):
            client.reset() if number % 2 else client.close()

    def test_is_flat(self):
        self.round()
        self.round()
        before = resident_megabytes()
        for _ in range(5):
            self.round()
        self.assertLess(resident_megabytes(), 1.1 * before + 4)
