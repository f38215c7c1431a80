"""10 · tokenization: the exercises, written from docstrings by someone who had not seen the worked solution."""


class Tokenizer:
    def save(self, path: str | Path) -> None:
        path = Path(path)
        content = json.dumps(dict(self.state(), type=type(self).__name__)).encode("utf-8")
        beside = path.parent / (path.name + ".unfinished")
        try:
            beside.write_bytes(content)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    def load(cls, path: str | Path) -> Self:
        content = Path(path).read_bytes()
        try:
            found = json.loads(content.decode("utf-8"))
            if found["type"] != cls.__name__:
                raise ValueError(f"it holds a {found['type']}, not a {cls.__name__}")
            return cls.from_state(found)
        except Exception as error:
            raise ValueError(f"{path} is no saved {cls.__name__}: {error!r}") from error


class CharTokenizer:
    def train(self, text: str) -> Self:
        check_text(text)
        self.characters = [UNKNOWN]
        for character in sorted(set(text)):
            if character != UNKNOWN:
                self.characters.append(character)
        self.ids = {self.characters[i]: i for i in range(len(self.characters))}
        return self

    def encode(self, text: str, errors: str = "strict") -> Array:
        check_text(text)
        if errors != "strict" and errors != "replace":
            raise ValueError(f"errors is 'strict' or 'replace', not {errors!r}")
        out = np.zeros(len(text), np.int64)
        for position, character in enumerate(text):
            if character in self.ids:
                out[position] = self.ids[character]
            elif errors == "strict":
                raise ValueError(f"no id for the character {character!r} at position {position}")
        return out

    def decode(self, ids: ArrayLike) -> str:
        text = ""
        for i in check_ids(ids, self.vocab_size).ravel():
            text += self.characters[i]
        return text


def pairs_of(word: Iterable[int]) -> Counter[tuple[int, int]]:
    counts: Counter[tuple[int, int]] = Counter()
    before = None
    for token in word:
        if before is not None:
            counts[before, token] += 1
        before = token
    return counts


def merge(word: Sequence[int], pair: tuple[int, int], token: int) -> tuple[int, ...]:
    out: list[int] = []
    fresh = False  # whether the last token is a merged one, or may still be merged
    for one in word:
        if out and not fresh and (out[-1], one) == pair:
            out[-1] = token
            fresh = True
        else:
            out.append(one)
            fresh = False
    return tuple(out)


def most_frequent(counts: Mapping[tuple[int, int], int]) -> tuple[int, int]:
    best = None
    for pair, count in counts.items():
        if best is None or count > counts[best] or (count == counts[best] and pair < best):
            best = pair
    if best is None:
        raise ValueError("there are no pairs")
    return best


class PairTable:
    def add(self, place: int) -> None:
        pair = self.chain.pair(place)
        if pair is not None:
            self.places[pair].add(place)
            self.counts[pair] += self.times[place]
            heappush(self.heap, (-self.counts[pair], pair))

    def remove(self, place: int) -> None:
        pair = self.chain.pair(place)
        if pair is not None:
            self.places[pair].remove(place)
            self.counts[pair] -= self.times[place]
            if not self.places[pair]:
                self.places.pop(pair)
                self.counts.pop(pair)

    def replace(self, pair: tuple[int, int], token: int) -> None:
        for place in sorted(self.places.get(pair, ())):
            if self.chain.pair(place) == pair:
                before, behind = self.chain.left[place], self.chain.right[place]
                for changed in (before, place, behind):
                    self.remove(changed)
                self.chain.join(place, token)
                for changed in (before, place):
                    self.add(changed)


class BPETokenizer:
    def train(self, text: str, vocab_size: int) -> Self:
        check_text(text)
        if vocab_size < 256:
            raise ValueError(f"vocab_size starts at 256, not at {vocab_size}")
        often = Counter(WORD.findall(text))
        table = PairTable([word.encode("utf-8") for word in often], often.values())
        merges: list[tuple[int, int]] = []
        for token in range(256, vocab_size):
            if not table.counts:
                break
            pair = table.most_frequent()
            if table.counts[pair] < 2:
                break
            table.replace(pair, token)
            merges.append(pair)
        BPETokenizer.__init__(self, merges)
        return self

    def encode(self, text: str) -> Array:
        check_text(text)
        known: dict[str, tuple[int, ...]] = {}
        out: list[int] = []
        for word in WORD.findall(text):
            if word not in known:
                known[word] = self.encode_word(word)
            out.extend(known[word])
        return np.array(out, np.int64)

    def encode_word(self, word: str) -> tuple[int, ...]:
        chain = Chain([word.encode("utf-8")])
        waiting: list[tuple[int, int]] = []

        def consider(place: int) -> None:
            rank = self.ranks.get(chain.pair(place))
            if rank is not None:
                heappush(waiting, (rank, place))

        for place in range(len(chain.ids)):
            consider(place)
        while waiting:
            rank, place = heappop(waiting)
            if chain.pair(place) == self.merges[rank]:
                chain.join(place, 256 + rank)
                consider(chain.left[place])
                consider(place)
        return chain.word(0)

    def decode(self, ids: ArrayLike) -> str:
        raw = bytearray()
        for i in check_ids(ids, self.vocab_size).ravel():
            raw += self.bytes[i]
        return raw.decode("utf-8", errors="replace")
