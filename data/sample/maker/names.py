"""Invented names, each ending in the mark that it is a sample."""

import numpy as np

from maker.frame import MARK

_FIRST = [
    "云锦", "翠屏", "澜岸", "锦程", "沁园", "栖霞", "望岭", "听泉", "枫林", "竹溪",
    "兰亭", "松涛", "金桂", "银杏", "梧桐", "紫薇", "碧水", "青峰", "丹桂", "春熙",
    "秋实", "晴川", "和畅", "明远", "德馨", "嘉禾", "瑞景", "祥云", "清漪", "揽月",
    "观澜", "映山", "临溪", "依云", "望江", "朝阳", "东篱", "西岭", "南屏", "北苑",
    "天成", "弘景", "景明", "雅致", "宁静", "安澜", "康宁", "长乐", "永兴", "太和",
    "同心", "凤鸣", "鹤舞", "鹭洲", "鹿鸣", "麒麟", "柏林", "榆荫", "柳岸", "荷塘",
    "莲湖", "菊苑", "梅岭", "桃源", "杏林", "橘洲", "茶山", "石桥", "古渡", "新桥",
    "双溪", "三岔", "五星", "七里", "百花", "千山",
]  # fmt: skip
_SECOND = [
    "雅", "华", "盛", "丰", "泰", "宏", "润", "颐", "悦", "逸",
    "晟", "睿", "恒", "昌", "和", "源", "安", "庆", "裕", "辉",
]  # fmt: skip
_HOME = [
    "花园", "苑", "府", "里", "新城", "小区", "雅居", "公馆", "名邸", "家园",
    "佳苑", "半岛", "小镇", "华庭",
]  # fmt: skip
_VILLAGE = [
    "大石", "青龙", "白岩", "黄泥", "双河", "石坝", "高峰", "长田", "水口", "龙洞",
    "观音", "土主", "牛角", "马鞍", "松林", "柏树", "竹林", "堰塘", "沙坪", "新房",
    "老屋", "大屋", "石院", "天堡", "太平", "永乐", "和平", "团结", "胜利", "红光",
    "前进", "三合", "四坪", "五通", "六合", "八角", "九龙", "回龙", "金竹", "银盏",
    "月亮", "杉木", "桐子", "花椒", "李子", "核桃", "板栗", "橙子", "荒坝", "桥头",
    "井口", "岩口", "垭口", "梁上", "湾子", "坪上",
]  # fmt: skip


class Names:
    """A source of names; the same seed gives the same names in the same order."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def _pick(self, words: list[str]) -> str:
        return words[int(self._rng.integers(len(words)))]

    def _stem(self) -> str:
        """Make a stem of two or three characters."""
        stem = self._pick(_FIRST)
        return stem + self._pick(_SECOND) if self._rng.uniform() < 0.45 else stem

    def road(self, ending: str) -> str:
        """Name a road."""
        part = self._rng.uniform()
        side = "东" if part < 0.08 else "西" if part < 0.16 else "一" if part < 0.22 else ""
        return f"{self._stem()}{side}{ending}{MARK}"

    def home(self) -> str:
        """Name a residential compound; one in twelve has a middle dot, some a phase."""
        name = f"{self._stem()}{self._pick(_HOME)}"
        if self._rng.uniform() < 0.08:
            name = f"{self._stem()}·{self._pick(_FIRST)}{self._pick(_HOME)}"
        if self._rng.uniform() < 0.15:
            name += self._pick(["一期", "二期", "三期", "A区", "B区"])
        return name + MARK

    def village(self) -> str:
        """Name a village."""
        return f"{self._pick(_VILLAGE)}{self._pick(['村', '村', '院子', '湾', '坝'])}{MARK}"

    def place(self, ending: str) -> str:
        """Name any other place by what it is."""
        return f"{self._stem()}{ending}{MARK}"
