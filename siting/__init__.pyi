from siting.interface import Plan as Plan
from siting.interface import Scenario as Scenario
from siting.interface import check as check
from siting.interface import compare as compare
from siting.interface import load_plan as load_plan
from siting.interface import load_scenario as load_scenario
from siting.interface import make_map as make_map
from siting.interface import make_plan as make_plan
from siting.interface import save_plan as save_plan
from siting.interface import write_handouts as write_handouts

__version__: str
