# A script of the build: writes the texts FOLDER/NAME, for NAMES with commas between them, as a C file that defines
# SNT_STARTER_TEXTS.
string(REPLACE "," ";" NAMES "${NAMES}")
list(SORT NAMES)
set(data "")
set(rows "")
foreach(name IN LISTS NAMES)
  list(FIND NAMES "${name}" number)
  file(READ "${FOLDER}/${name}" bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(............................................................)" "\\1\n" bytes "${bytes}")
  string(APPEND data "static const char text_${number}[] = {\n${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", text_${number}},\n")
endforeach()
file(WRITE "${OUT}.new"
     "#include \"issue/starter.h\"\n\n${data}\nconst struct snt_starter_text SNT_STARTER_TEXTS[] = {\n${rows}    {NULL, NULL}};\n")
file(RENAME "${OUT}.new" "${OUT}")
