// The slider moves the number beside it; without this script the number alone does the same.
const number = document.getElementById("as_of_position");
const slider = document.getElementById("as_of_slider");
slider.hidden = false;
slider.addEventListener("input", () => { number.value = slider.value; });
slider.addEventListener("change", () => { number.form.requestSubmit(); });
number.addEventListener("input", () => { slider.value = number.value; });
