# starter/ as a C file: what `sentinel init` writes. An @WORD@ in it is filled in then (issue/starter.h).
file(GLOB_RECURSE SNT_STARTER_FILES CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/starter ${CMAKE_SOURCE_DIR}/starter/*)
set(SNT_STARTER_SOURCE ${CMAKE_BINARY_DIR}/generated/snt_starter.c)
list(TRANSFORM SNT_STARTER_FILES PREPEND ${CMAKE_SOURCE_DIR}/starter/ OUTPUT_VARIABLE SNT_STARTER_PATHS)
string(REPLACE ";" "," SNT_STARTER_NAMES "${SNT_STARTER_FILES}")
add_custom_command(
  OUTPUT ${SNT_STARTER_SOURCE}
  COMMAND ${CMAKE_COMMAND} -DFOLDER=${CMAKE_SOURCE_DIR}/starter -DNAMES=${SNT_STARTER_NAMES} -DOUT=${SNT_STARTER_SOURCE}
          -P ${CMAKE_SOURCE_DIR}/cmake/embed_starter.cmake
  DEPENDS ${SNT_STARTER_PATHS} ${CMAKE_SOURCE_DIR}/cmake/embed_starter.cmake
  COMMENT "Embedding starter/"
  VERBATIM)
target_sources(snt_issue PRIVATE ${SNT_STARTER_SOURCE})
