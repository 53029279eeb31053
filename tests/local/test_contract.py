import re
from pathlib import Path

import dari_nb.local
from dari_nb.local.http.app import ROUTES

HERE = Path(__file__).parent
CONTRACT = (Path(dari_nb.local.__file__).parent / "CONTRACT.md").read_text()
ROWS = re.findall(
    r"^\| `(\w+) (\S+)` \| \S+ \| [\d, ]+ \| `(\S+): (\w+)` \| `(\w+)` \|$", CONTRACT, re.MULTILINE
)
TESTS = "\n".join(path.read_text() for path in HERE.glob("test_*.py"))


def test_the_contract_has_a_row_for_each_route_and_no_other():
    served = {
        (method, route.path, route.endpoint.__name__)
        for route in ROUTES
        for method in route.methods - {"HEAD"}
    }
    assert {(method, path, endpoint) for method, path, _, endpoint, _ in ROWS} == served


def test_the_contract_names_tests_and_modules_that_exist():
    for _, _, module, endpoint, test in ROWS:
        source = (Path(dari_nb.local.__file__).parent / module).read_text()
        assert f"async def {endpoint}(" in source
        assert f"def {test}(" in TESTS
    for name in re.findall(r"\(`(test_\w+)`\)", CONTRACT):
        assert f"def {name}(" in TESTS
