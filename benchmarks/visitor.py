"""A visitor without a browser: speaks to the pages as Streamlit's own front end does, over a WebSocket."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect
from websockets.typing import Subprotocol

PATIENCE = 60.0  # seconds for one answer
CANVAS = "digit_lab_around_canvas"  # the component that sends a drawing (core/ui/predict/canvas.py)
LARGEST = 2**26  # bytes of a message


class VisitError(RuntimeError):
    """A page that did not answer as it should; the message says how."""


class Visitor:
    """One visit, from opening a page to leaving."""

    def __init__(self, port: int) -> None:
        """Connect to the server on this port of this computer. Raises `OSError` where there is none."""
        self._socket = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            max_size=LARGEST,
            open_timeout=PATIENCE,
        )
        self._page = BackMsg()
        self._widgets: dict[str, tuple[str, str]] = {}  # id and fragment of a button or component, by its name

    def open(self, page: str, query: str = "") -> None:
        """Open a page by its name in the address, and wait until all of it is there. Raises `VisitError`."""
        self._page = BackMsg()
        self._page.rerun_script.page_name, self._page.rerun_script.query_string = page, query
        self._widgets = {}
        self._ask(self._page)

    def draw(self, picture: bytes) -> None:
        """Send a drawing, a PNG, as the canvas does while the pen is down, and wait for the answer to it."""
        address = "data:image/png;base64," + base64.b64encode(picture).decode()
        drawn = json.dumps([{"event": "meanwhile", "value": address}])

        def fill(state: WidgetState) -> None:
            state.id = f"$$STREAMLIT_INTERNAL_KEY_{state.id}__events"
            state.json_trigger_value = drawn

        seen = self._act(CANVAS, fill)
        if b"answer" not in seen:
            raise VisitError("a drawing was not answered")

    def press(self, key: str) -> None:
        """Press a button by its key in the code, and wait for what follows."""

        def fill(state: WidgetState) -> None:
            state.trigger_value = True

        self._act(key, fill)

    def leave(self) -> None:
        """Close the page."""
        self._socket.close()

    def _act(self, name: str, fill: Callable[[WidgetState], None]) -> bytes:
        if name not in self._widgets:
            raise VisitError(f"there is no {name} on the page")
        message = BackMsg()
        message.CopyFrom(self._page)
        state = message.rerun_script.widget_states.widgets.add()
        state.id, message.rerun_script.fragment_id = self._widgets[name]
        fill(state)
        return self._ask(message)

    def _ask(self, message: BackMsg) -> bytes:
        """Send, and gather what comes until the script has run; gives the last of it as it came."""
        self._socket.send(message.SerializeToString())
        seen: list[bytes] = []
        while True:
            try:
                content = self._socket.recv(PATIENCE, decode=False)
            except TimeoutError as error:
                raise VisitError(f"no answer within {PATIENCE:.0f} s") from error
            answer = ForwardMsg()
            answer.ParseFromString(content)
            kind = answer.WhichOneof("type")
            if kind == "script_finished":
                if answer.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise VisitError("the page can't be compiled")
                return b"".join(seen)
            if kind == "delta":
                seen.append(content)
                self._note(answer)

    def _note(self, answer: ForwardMsg) -> None:
        element = answer.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise VisitError(f"the page failed: {element.exception.type}: {element.exception.message}")
        if kind == "bidi_component":
            self._widgets[element.bidi_component.component_name] = element.bidi_component.id, answer.delta.fragment_id
        elif kind == "button":
            self._widgets[element.button.id.rpartition("-")[2]] = element.button.id, answer.delta.fragment_id
